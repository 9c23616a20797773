import { isTrackerUrl, isWebSeedUrl, PIECE_LENGTH_BYTES_MAX } from '@swarmpatch/metainfo';
import type { TorrentFormat } from '@swarmpatch/metainfo';
import { checkTorrentPlace, createTorrentFrom, writeTorrentFile } from '@swarmpatch/node-io/hashing';
import { UsageError, formatBytes, formatDuration } from '@swarmpatch/terminal';
import type { CommandInput, CommandSpec } from '@swarmpatch/terminal';

import { infohashesOf } from './infohash.ts';

const FORMATS: readonly TorrentFormat[] = ['hybrid', 'v1', 'v2'];

export const torrentCreate: CommandSpec = {
  path: ['torrent', 'create'],
  summary: 'Make a torrent of a file or a directory',
  example: 'swarmpatch torrent create build --out build.torrent --tracker http://origin.example:6969/announce',
  arguments: [{ name: 'path', description: 'the file or directory to share' }],
  options: [
    { name: 'out', value: 'file', kind: 'text', required: true, description: 'where to write the torrent' },
    { name: 'name', value: 'name', kind: 'text', description: 'name in the torrent; default: that of the path' },
    {
      name: 'format',
      value: 'format',
      kind: 'choice',
      choices: [...FORMATS],
      default: 'hybrid',
      description: 'BitTorrent v1, v2, or both',
    },
    {
      name: 'piece-length',
      value: 'size',
      kind: 'size',
      description: 'a power of two from 16 KiB; default: chosen by size',
    },
    {
      name: 'tracker',
      value: 'url',
      kind: 'text',
      repeatable: true,
      description: 'announce URL; each further one is a fallback',
    },
    {
      name: 'web-seed',
      value: 'url',
      kind: 'text',
      repeatable: true,
      description: 'URL that serves the same files (BEP 19)',
    },
    { name: 'private', kind: 'switch', description: 'peers from the trackers only (BEP 27)' },
  ],
  async run(input, context) {
    const startMs = context.nowMs();
    const out = input.requiredText('out');
    const pieceLengthBytes = pieceLength(input.number('piece-length'));
    const trackers = urls('tracker', input, isTrackerUrl);
    const webSeeds = urls('web-seed', input, isWebSeedUrl);
    await checkTorrentPlace(out);
    const scanning = context.progress.phase('scan');
    const hashing = context.progress.phase('hash');
    const { torrentBytes, metainfo } = await createTorrentFrom(input.argument('path'), {
      name: input.text('name'),
      format: FORMATS.find((format) => format === input.text('format')),
      pieceLengthBytes,
      isPrivate: input.flag('private'),
      trackers: trackers.map((url) => [url]),
      webSeeds,
      onScanProgress: ({ files }) => {
        scanning.update({ doneItems: files });
      },
      onScanned: () => {
        scanning.end();
      },
      onProgress: (progress) => {
        hashing.update(progress);
      },
      signal: context.signal,
    });
    hashing.end();
    await writeTorrentFile(out, torrentBytes);
    const document = {
      ...infohashesOf(metainfo),
      pieceLength: metainfo.pieceLengthBytes,
      pieceCount: metainfo.pieceCount,
      files: metainfo.files.length,
      bytes: metainfo.lengthBytes,
      seconds: (context.nowMs() - startMs) / 1000,
    };
    return { document, text: describe(document, out), exitCode: 0 };
  },
};

function pieceLength(bytes: number | undefined): number | undefined {
  if (bytes === undefined || (Number.isInteger(Math.log2(bytes)) && bytes >= 16_384 && bytes <= PIECE_LENGTH_BYTES_MAX))
    return bytes;
  throw new UsageError(
    `read --piece-length: found ${bytes} bytes, wanted a power of two from 16KiB to ${PIECE_LENGTH_BYTES_MAX / 2 ** 20}MiB`,
  );
}

const URLS_WANTED = {
  tracker: 'the URL of a tracker, such as udp://tracker.example:6969/announce',
  'web-seed': 'an http or https URL, such as https://play.example.org/files/',
};

function urls(
  option: keyof typeof URLS_WANTED,
  input: CommandInput,
  isUsable: (text: string) => boolean,
): readonly string[] {
  const texts = input.list(option);
  const wrong = texts.find((text) => !isUsable(text));
  if (wrong !== undefined) throw new UsageError(`read --${option}: found '${wrong}', wanted ${URLS_WANTED[option]}`);
  return texts;
}

interface Summary {
  readonly infohashV1: string | null;
  readonly infohashV2: string | null;
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
}

function describe(summary: Summary, out: string): string {
  return [
    `${out}: ${summary.files} files, ${formatBytes(summary.bytes)}, ${summary.pieceCount} pieces of ${formatBytes(summary.pieceLength)}, in ${formatDuration(summary.seconds)}`,
    ...(summary.infohashV1 === null ? [] : [`infohash v1  ${summary.infohashV1}`]),
    ...(summary.infohashV2 === null ? [] : [`infohash v2  ${summary.infohashV2}`]),
  ].join('\n');
}
