import { type Magnet, type Metainfo, parseMagnet } from '@swarmpatch/metainfo';
import { readTorrentFile } from '@swarmpatch/node-io/hashing';
import type { CommandContext } from '@swarmpatch/terminal';

import type { CommandTransfers } from '../transfers/command-transfers.ts';
import { selectFiles, type Selection } from './selected-files.ts';

/** What is to be fetched, from where, and peers that were named with it. */
export interface DownloadSource {
  readonly metainfo: Metainfo;
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly peers: Magnet['peers'];
  readonly selection: Selection;
}

/**
 * @param text A torrent file or a magnet link.
 * @throws {MetainfoError} for a torrent that is not well-formed, {TorrentFileError}, {TransferError}
 */
export async function readSource(
  text: string,
  transfers: CommandTransfers,
  context: CommandContext,
): Promise<DownloadSource> {
  if (/^magnet:/i.test(text)) return readMagnet(parseMagnet(text), transfers, context);
  const { metainfo } = await readTorrentFile(text);
  return {
    metainfo,
    trackers: metainfo.trackers,
    webSeeds: metainfo.webSeeds,
    peers: [],
    selection: selectFiles(metainfo, []),
  };
}

async function readMagnet(
  magnet: Magnet,
  transfers: CommandTransfers,
  { progress, signal }: CommandContext,
): Promise<DownloadSource> {
  const phase = progress.phase('metadata');
  const { settings } = transfers;
  try {
    const session = await transfers.session();
    const { metainfo, peers } = await session.fetchMagnet({
      identity: magnet,
      peers: [...(settings.peers ?? []), ...magnet.peers],
      trackers: magnet.trackers,
      timeoutMs: settings.timeoutMs,
      signal,
    });
    return {
      metainfo,
      trackers: [magnet.trackers],
      webSeeds: magnet.webSeeds,
      // Those that were met while the metadata came, before those that the link names.
      peers,
      selection: selectFiles(metainfo, magnet.selectOnly),
    };
  } finally {
    phase.end();
  }
}
