import { type Magnet, type Metainfo, parseMagnet } from '@swarmpatch/metainfo';
import { readTorrentFile } from '@swarmpatch/node-io/hashing';
import { type FetchedMagnet, hasAllHashes, type MagnetOptions } from '@swarmpatch/node-io/transfer';
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
  const { metainfo } = await readTorrentFile(text, { missingLayers: 'leave' });
  const { trackers, webSeeds } = metainfo;
  if (hasAllHashes(metainfo) || transfers.settings.peerUse === 'avoid')
    return { metainfo, trackers, webSeeds, peers: [], selection: selectFiles(metainfo, []) };
  // A v2 torrent file may leave its piece layers to the peers (BEP 52).
  const source = { identity: metainfo, known: metainfo, trackers: trackers.flat(), peers: [] };
  const whole = await fetchFromPeers(source, transfers, context);
  return { ...whole, trackers, webSeeds, selection: selectFiles(metainfo, []) };
}

async function readMagnet(
  magnet: Magnet,
  transfers: CommandTransfers,
  context: CommandContext,
): Promise<DownloadSource> {
  const source = { identity: magnet, trackers: magnet.trackers, peers: magnet.peers };
  const { metainfo, peers } = await fetchFromPeers(source, transfers, context);
  return {
    metainfo,
    trackers: [magnet.trackers],
    webSeeds: magnet.webSeeds,
    peers,
    selection: selectFiles(metainfo, magnet.selectOnly),
  };
}

/** @returns With its peers: those that were met meanwhile, before those that were named. */
async function fetchFromPeers(
  source: Pick<MagnetOptions, 'identity' | 'known' | 'trackers' | 'peers'>,
  transfers: CommandTransfers,
  { progress, signal }: CommandContext,
): Promise<FetchedMagnet> {
  const { settings } = transfers;
  const phase = progress.phase('metadata');
  try {
    const peers = [...(settings.peers ?? []), ...source.peers];
    const session = await transfers.session();
    return await session.fetchMagnet({ ...source, peers, timeoutMs: settings.timeoutMs, signal });
  } finally {
    phase.end();
  }
}
