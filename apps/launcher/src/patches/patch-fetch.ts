import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import type { CommandContext } from '@swarmpatch/terminal';
import type { SharingSources } from '../move/release-sharing.ts';
import { HostPolicy } from '../origin/host-policy.ts';
import { showTransfers } from '../transfer-progress.ts';
import { addBytes, bytesOf, NO_BYTES, type TransferBytes } from '../transfers/command-transfers.ts';
import { PatchPatience } from './patch-patience.ts';
import type { PatchLink } from './patch-route.ts';
import { fetchPatchTorrent } from './patch-torrent-fetch.ts';
import { openPatchTorrent } from './patch-torrent.ts';
import { PatchTransfer } from './patch-transfer.ts';
import { failureOfPatch, type RouteFailure } from './route-failure.ts';

const LOOK_MS = 250;

interface RunningPatch {
  link: PatchLink;
  patch: PatchTransfer;
}

/** The patches of an update: those of a route are fetched all at once, and served until they are stopped. */
export class PatchFetch {
  peersMax = 0;
  readonly #files: DiskFileSystem;
  readonly #sharing: SharingSources;
  readonly #context: CommandContext;
  #running: RunningPatch[] = [];
  #routes = 0;
  /** Of those that were stopped. */
  #before: TransferBytes = NO_BYTES;

  constructor(files: DiskFileSystem, sharing: SharingSources, context: CommandContext) {
    this.#files = files;
    this.#sharing = sharing;
    this.#context = context;
  }

  get bytes(): TransferBytes {
    return this.#running.map(({ patch }) => bytesOf(patch.transfer)).reduce(addBytes, this.#before);
  }

  /** @returns what kept them from coming; undefined when all are here. @throws the signal's reason */
  async fetch(links: readonly PatchLink[]): Promise<RouteFailure | undefined> {
    this.#routes += 1;
    const begun = await Promise.all(links.map((link) => this.#start(link)));
    const failure = begun.find((each) => each !== undefined) ?? (await this.#arrive());
    this.#context.signal.throwIfAborted();
    return failure;
  }

  /** Ends serving and fetching; what has come stays on the disk. */
  async stop(): Promise<void> {
    const stopping = this.#running;
    await Promise.all(stopping.map(({ patch }) => patch.stop()));
    this.#before = this.bytes;
    this.#running = [];
  }

  async #start(link: PatchLink): Promise<RouteFailure | undefined> {
    const { entry, to } = link;
    const { origin, transfers } = this.#sharing;
    const { infohashV2: infohash } = entry.torrent;
    // The other half is for what has to come when this route comes to nothing.
    const timeoutMs = transfers.settings.timeoutMs && transfers.settings.timeoutMs / 2 ** this.#routes;
    try {
      const policy = new HostPolicy(origin.url, to.webSeeds);
      const wanted = { game: to.game, entry, policy, timeoutMs, signal: this.#context.signal };
      const metainfo = await openPatchTorrent(this.#files, entry, () => fetchPatchTorrent(wanted, this.#sharing));
      const webSeeds = [origin.patchUrl(to.game, entry)];
      const torrent = { metainfo, infohash, purpose: 'fetch', webSeeds, policy, timeoutMs } as const;
      this.#running.push({
        link,
        patch: await PatchTransfer.start(this.#files, torrent, this.#sharing, this.#context),
      });
      return undefined;
    } catch (error) {
      return failureOfPatch(link, error);
    }
  }

  async #arrive(): Promise<RouteFailure | undefined> {
    const transfers = this.#running.map(({ patch }) => patch.transfer);
    const patience = new PatchPatience();
    let isDoubted = false;
    let giveUp: (failure: RouteFailure) => void = () => undefined;
    const failed = new Promise<RouteFailure>((resolve) => {
      giveUp = resolve;
    });
    for (const { link, patch } of this.#running) {
      patch.transfer.done.catch((error: unknown) => giveUp(failureOfPatch(link, error)));
    }
    const arrived = Promise.all(transfers.map(({ done }) => done)).then(
      () => undefined,
      () => failed,
    );
    const judge = (): ReturnType<PatchPatience['look']> => {
      const piecesLeft = transfers.reduce((sum, { stats }) => sum + stats.piecesWantedLeft, 0);
      const state = this.#sharing.transfers.pausedBy.length > 0 ? 'paused' : 'running';
      return patience.look(piecesLeft, state, this.#context.nowMs());
    };
    const look = (): void => {
      this.peersMax = Math.max(this.peersMax, ...transfers.map(({ stats }) => stats.peers));
      const verdict = judge();
      if (verdict === 'end') giveUp(this.#silence());
      if (verdict === 'doubt' && !isDoubted) void doubt();
      isDoubted = verdict === 'doubt';
    };
    const doubt = async (): Promise<void> => {
      // When it can be reached again is for the transfers to find out.
      if (!(await this.#isOffline()) && judge() !== 'wait') giveUp(this.#silence());
    };
    const timer = setInterval(look, LOOK_MS);
    try {
      const failure = await showTransfers(() => transfers, Promise.race([arrived, failed]), this.#context);
      for (const { patch } of this.#running) await patch.save();
      return failure;
    } finally {
      clearInterval(timer);
      look();
    }
  }

  /** Whether everything that comes from the origin has to wait. */
  async #isOffline(): Promise<boolean> {
    const { origin, transfers } = this.#sharing;
    return transfers.settings.webSeedUse !== 'avoid' && !(await origin.answers());
  }

  #silence(): RouteFailure {
    const silent = this.#running.filter(({ patch }) => patch.transfer.stats.piecesWantedLeft > 0);
    const names = silent.map(({ link: { entry } }) => `from ${entry.from} to ${entry.to}`).join(' and ');
    const [first] = silent;
    const why = first?.patch.transfer.stats.stall?.reason ?? 'no peer or web seed that has it is reachable';
    return {
      links: silent.map(({ link }) => link),
      reason: `no piece of the patch ${names} has come for too long: ${why}`,
    };
  }
}
