import type { PieceSet } from '@swarmpatch/install';
import { FilePieceStore, startTransfer, type Transfer } from '@swarmpatch/node-io/transfer';
import { type CommandContext } from '@swarmpatch/terminal';
import { HostPolicy } from '../origin/host-policy.ts';
import type { Origin } from '../origin/origin.ts';
import type { Release } from '../origin/release-source.ts';
import type { TransferSettings } from '../transfer-options.ts';

export interface SharingSources {
  origin: Origin;
  settings: TransferSettings;
}

export interface SharedPieces {
  have: PieceSet;
  /** What to fetch; nothing when the release is only served. */
  wanted: PieceSet;
  /** Absolute path of a file now. */
  locate: (fileIndex: number) => string;
}

/** A release that is fetched and served, until it is stopped. */
export interface SharedRelease {
  transfer: Transfer;
  stop(): Promise<void>;
}

/** Joins a release's swarm: fetches what is wanted and serves what is there. */
export async function shareRelease(
  release: Release,
  pieces: SharedPieces,
  { origin, settings }: SharingSources,
  context: CommandContext,
): Promise<SharedRelease> {
  const { manifest, metainfo } = release;
  const policy = new HostPolicy(origin.url, manifest.webSeeds);
  const trackers = await findTrackers(origin, policy, context);
  const store = new FilePieceStore(metainfo.geometry, pieces.locate);
  const transfer = await startTransfer({
    ...settings,
    metainfo,
    // Staged files are synced all at once when they are sealed.
    store: {
      read: (piece, begin, lengthBytes) => store.read(piece, begin, lengthBytes),
      write: (piece, data) => store.write(piece, data),
      flush: () => Promise.resolve(),
    },
    have: pieces.have.bits,
    wanted: pieces.wanted.bits,
    trackers: [trackers],
    webSeeds: [{ kind: 'stream', url: origin.streamUrl(manifest.game, manifest.version), namedBy: 'user' }],
    allowUrl: (url) => policy.allowsContent(url),
    signal: context.signal,
  });
  return {
    transfer,
    async stop() {
      await transfer.stop();
      await store.close();
    },
  };
}

/** Trackers are told by the origin unsigned, so only those on hosts that may be asked anyway are taken. */
async function findTrackers(origin: Origin, policy: HostPolicy, context: CommandContext): Promise<string[]> {
  let named: string[];
  try {
    named = await origin.trackers();
  } catch (error) {
    context.signal.throwIfAborted();
    context.warn(`no trackers: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
  const allowed = named.filter((url) => policy.allowsTracker(url));
  for (const url of named)
    if (!allowed.includes(url)) context.warn(`tracker ${url} is on another host than the origin and is not asked`);
  return allowed;
}
