import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import type { CommandContext } from '@swarmpatch/terminal';
import type { SharingSources } from '../move/release-sharing.ts';
import { HostPolicy } from '../origin/host-policy.ts';
import { addBytes, bytesOf, NO_BYTES, type TransferBytes } from '../transfers/command-transfers.ts';
import type { PatchLink } from './patch-route.ts';
import { fetchPatchTorrent } from './patch-torrent-fetch.ts';
import { openPatchTorrent } from './patch-torrent.ts';
import { PatchTransfer } from './patch-transfer.ts';
import { type AwaitedTransfer, RouteArrival } from './route-arrival.ts';
import { failureOfNeed, needOfPatch, type RouteFailure } from './route-failure.ts';

/** The patches of an update: those of a route are fetched all at once, and served until they are stopped. */
export class PatchFetch {
  peersMax = 0;
  readonly #files: DiskFileSystem;
  readonly #sharing: SharingSources;
  readonly #context: CommandContext;
  #running: (AwaitedTransfer & { patch: PatchTransfer })[] = [];
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
    const failures = begun.filter((each) => each !== undefined);
    const [first] = failures;
    const failure = first ? { ...first, links: failures.flatMap((each) => each.links) } : await this.#arrive();
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
      const patch = await PatchTransfer.start(this.#files, torrent, this.#sharing, this.#context);
      this.#running.push({ need: needOfPatch(link), transfer: patch.transfer, patch });
      return undefined;
    } catch (error) {
      return failureOfNeed(needOfPatch(link), error);
    }
  }

  async #arrive(): Promise<RouteFailure | undefined> {
    const arrival = new RouteArrival(this.#running, this.#sharing, this.#context);
    const failure = await arrival.wait();
    this.peersMax = Math.max(this.peersMax, arrival.peersMax);
    for (const { patch } of this.#running) await patch.save();
    return failure;
  }
}
