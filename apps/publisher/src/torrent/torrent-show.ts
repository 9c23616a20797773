import type { Metainfo, TorrentFile } from '@swarmpatch/metainfo';
import { readTorrentFile } from '@swarmpatch/node-io/hashing';
import { formatBytes } from '@swarmpatch/terminal';
import type { CommandSpec } from '@swarmpatch/terminal';

import { infohashesOf, toHex } from './infohash.ts';

export const torrentShow: CommandSpec = {
  path: ['torrent', 'show'],
  summary: 'Check a torrent and print what is in it',
  example: 'swarmpatch torrent show build.torrent',
  arguments: [{ name: 'torrent', description: 'the torrent file' }],
  options: [],
  async run(input) {
    const { metainfo } = await readTorrentFile(input.argument('torrent'));
    return { document: documentOf(metainfo), text: describe(metainfo), exitCode: 0 };
  },
};

function documentOf(metainfo: Metainfo): object {
  return {
    name: metainfo.name,
    format: metainfo.format,
    ...infohashesOf(metainfo),
    pieceLength: metainfo.pieceLengthBytes,
    pieceCount: metainfo.pieceCount,
    bytes: metainfo.lengthBytes,
    files: metainfo.files.map(fileDocument),
    trackers: metainfo.trackers.flat(),
    webSeeds: metainfo.webSeeds,
    private: metainfo.private,
  };
}

function fileDocument({ path, lengthBytes, piecesRoot, executable, symlink }: TorrentFile): object {
  return {
    path,
    length: lengthBytes,
    ...(piecesRoot && { piecesRoot: toHex(piecesRoot) }),
    ...(executable && { executable }),
    ...(symlink !== undefined && { symlink }),
  };
}

function describe(metainfo: Metainfo): string {
  const { infohashV1, infohashV2 } = infohashesOf(metainfo);
  const facts: [string, string][] = [
    ['name', metainfo.name],
    ['format', metainfo.format],
    ...(infohashV1 === null ? [] : [['infohash v1', infohashV1] satisfies [string, string]]),
    ...(infohashV2 === null ? [] : [['infohash v2', infohashV2] satisfies [string, string]]),
    ['pieces', `${metainfo.pieceCount} of ${formatBytes(metainfo.pieceLengthBytes)}`],
    ['bytes', formatBytes(metainfo.lengthBytes)],
    ...metainfo.trackers.flat().map((url): [string, string] => ['tracker', url]),
    ...metainfo.webSeeds.map((url): [string, string] => ['web seed', url]),
    ['private', metainfo.private ? 'yes' : 'no'],
  ];
  const lines = facts.map(([key, value]) => `${key.padEnd(12)} ${printable(value)}`);
  return [...lines, '', ...metainfo.files.map(fileLine)].join('\n');
}

function fileLine({ path, lengthBytes, executable, symlink }: TorrentFile): string {
  const mark = executable ? '*' : '';
  const size = symlink === undefined ? formatBytes(lengthBytes) : 'link';
  return `${size.padStart(12)}  ${path}${mark}${symlink === undefined ? '' : ` -> ${symlink}`}`;
}

/** URLs come from strangers: no character of theirs may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Control}/gu, '?');
}
