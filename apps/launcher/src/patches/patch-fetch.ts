import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import type { CommandContext } from '@swarmpatch/terminal';
import { LauncherError } from '../launcher-error.ts';
import type { SharingSources } from '../move/release-sharing.ts';
import { HostPolicy } from '../origin/host-policy.ts';
import { showTransfers } from '../transfer-progress.ts';
import { addBytes, bytesOf, NO_BYTES, type TransferBytes } from '../transfers/command-transfers.ts';
import { PATCH_SILENCE_MS_MAX, PatchPatience } from './patch-patience.ts';
import type { PatchLink } from './patch-route.ts';
import { openPatchTorrent } from './patch-torrent.ts';
import { PatchTransfer } from './patch-transfer.ts';

const LOOK_MS = 250;

/** The patches of an update: fetched all at once, and served until they are stopped. */
export class PatchFetch {
  peersMax = 0;
  readonly #files: DiskFileSystem;
  readonly #sharing: SharingSources;
  readonly #context: CommandContext;
  /** By infohash, v2, hex. */
  readonly #running = new Map<string, PatchTransfer>();
  /** Of those that were stopped. */
  #before: TransferBytes = NO_BYTES;

  constructor(files: DiskFileSystem, sharing: SharingSources, context: CommandContext) {
    this.#files = files;
    this.#sharing = sharing;
    this.#context = context;
  }

  get bytes(): TransferBytes {
    return [...this.#running.values()].map(({ transfer }) => bytesOf(transfer)).reduce(addBytes, this.#before);
  }

  /** @throws {LauncherError} `patch_mismatch`, `patch_silent`; {ApiError}, {TransferError}; the signal's reason */
  async fetch(links: readonly PatchLink[]): Promise<void> {
    for (const link of links) await this.#start(link);
    const patches = [...this.#running.values()];
    const patience = new PatchPatience();
    let giveUp: (error: LauncherError) => void = () => undefined;
    const silence = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    const look = (): void => {
      const stats = patches.map(({ transfer }) => transfer.stats);
      this.peersMax = stats.reduce((most, { peers }) => Math.max(most, peers), this.peersMax);
      const piecesLeft = stats.reduce((sum, { piecesWantedLeft }) => sum + piecesWantedLeft, 0);
      const state = this.#sharing.transfers.pausedBy.length > 0 ? 'paused' : 'running';
      if (!patience.look(piecesLeft, state, this.#context.nowMs())) giveUp(silent(stats[0]?.stall?.reason));
    };
    const timer = setInterval(look, LOOK_MS);
    try {
      const arrival = Promise.all(patches.map(({ transfer }) => transfer.done));
      const transfers = patches.map(({ transfer }) => transfer);
      await showTransfers(() => transfers, Promise.race([arrival, silence]), this.#context);
      for (const patch of patches) await patch.save();
    } finally {
      clearInterval(timer);
      look();
    }
  }

  /** Stops serving one patch, or all. @param infohash v2, hex. */
  async stop(infohash?: string): Promise<void> {
    for (const [each, patch] of this.#running) {
      if (infohash !== undefined && infohash !== each) continue;
      await patch.stop();
      this.#before = addBytes(this.#before, bytesOf(patch.transfer));
      this.#running.delete(each);
    }
  }

  async #start({ entry, to }: PatchLink): Promise<void> {
    const { origin } = this.#sharing;
    const { infohashV2: infohash } = entry.torrent;
    const metainfo = await openPatchTorrent(this.#files, origin, to.game, entry);
    const policy = new HostPolicy(origin.url, to.webSeeds);
    const webSeeds = [origin.patchUrl(to.game, entry)];
    const torrent = { metainfo, infohash, purpose: 'fetch', webSeeds, policy } as const;
    this.#running.set(infohash, await PatchTransfer.start(this.#files, torrent, this.#sharing, this.#context));
  }
}

function silent(reason: string | undefined): LauncherError {
  const why = reason === undefined ? 'no peer or web seed that has it is reachable' : reason;
  return new LauncherError(
    'patch_silent',
    `fetch a patch: found no piece for ${PATCH_SILENCE_MS_MAX / 1000} s: ${why}`,
  );
}
