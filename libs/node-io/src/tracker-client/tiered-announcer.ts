import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AnnounceEvent, AnnounceTiers, type PeerEndpoint, TrackerError } from '@swarmpatch/tracker';
import type { AnnounceOptions, SwarmAnswer, TrackerClient } from './tracker-client.ts';
import { type AddressFamily, TrackerFamilies } from './tracker-families.ts';

const FAREWELL_TIMEOUT_MS = 1000;
const REST_MS_MAX = 60 * 60_000;
const PEERS_WANTED = 50;

/** How far a torrent is. */
export interface AnnouncedProgress {
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  /** Of all files, wanted or not. */
  readonly leftBytes: number;
  /** Whether something is left that is wanted; where `leftBytes` is more than nothing without it, this is a partial seed. */
  readonly wantsMore: boolean;
  readonly peers: number;
}

/** What trackers are told of a torrent. The functions are called at the time of each announce. */
export interface AnnouncedTorrent {
  /** URLs as in the torrent (BEP 12); those of a magnet link are one tier. */
  readonly tiers: readonly (readonly string[])[];
  /** 20 bytes each: a hybrid has two swarms (BEP 52), so that clients of either version meet. */
  readonly infohashes: readonly Uint8Array[];
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Where this peer is reached, 1 to 65535. */
  readonly port: () => number;
  readonly progress: () => AnnouncedProgress;
  /** Called with whom each answer names, and how many who lack something it counts; this peer itself may be among both. */
  readonly onPeers: (peers: readonly PeerEndpoint[], leechers: number) => void;
  readonly random: () => number;
}

/**
 * Keeps a torrent's trackers informed until it is stopped: started, then at intervals, completed, stopped (BEP 3); a
 * partial seed says at each interval that it is one (BEP 21).
 */
export class TieredAnnouncer {
  readonly #swarms: readonly SwarmAnnouncer[];

  /** @param client Stays the caller's to close. */
  constructor(torrent: AnnouncedTorrent, client: TrackerClient) {
    const families = new TrackerFamilies();
    const key = randomBytes(4).readUInt32BE();
    const announce: Announce = async (url, infohash, options) => {
      const { uploadedBytes, downloadedBytes, leftBytes, wantsMore } = torrent.progress();
      const counts = { uploadedBytes, downloadedBytes, leftBytes };
      const { event: due, ...limits } = options;
      const isPartialSeed = leftBytes > 0 && !wantsMore;
      const event = isPartialSeed && (due === undefined || due === 'completed') ? 'paused' : due;
      const request = { infohash, peerId: torrent.peerId, port: torrent.port(), key, ...counts };
      const peersWanted = event === 'stopped' ? 0 : PEERS_WANTED;
      return client.announce(url, { ...request, peersWanted, ...(event ? { event } : {}) }, limits);
    };
    this.#swarms = torrent.infohashes.map((infohash) => new SwarmAnnouncer(infohash, torrent, { announce, families }));
  }

  /** All that was wanted came just now. */
  completed(): void {
    for (const swarm of this.#swarms) swarm.completed();
  }

  /** Says good-bye, as far as that goes quickly. */
  async stop(): Promise<void> {
    await Promise.all(this.#swarms.map((swarm) => swarm.stop()));
  }
}

type Announce = (
  url: string,
  infohash: Uint8Array,
  options: AnnounceOptions & { event: AnnounceEvent | undefined },
) => Promise<SwarmAnswer>;

/** One infohash at its trackers. */
class SwarmAnnouncer {
  readonly #infohash: Uint8Array;
  readonly #torrent: AnnouncedTorrent;
  readonly #announce: Announce;
  readonly #families: TrackerFamilies;
  readonly #tiers: AnnounceTiers;
  readonly #stopping = new AbortController();
  readonly #underWay: Set<Promise<unknown>> = new Set();
  #wake = new AbortController();
  readonly #loop: Promise<void>;

  constructor(infohash: Uint8Array, torrent: AnnouncedTorrent, by: { announce: Announce; families: TrackerFamilies }) {
    this.#infohash = infohash;
    this.#torrent = torrent;
    this.#announce = by.announce;
    this.#families = by.families;
    this.#tiers = new AnnounceTiers(torrent.tiers, torrent.random);
    this.#loop = this.#run();
  }

  completed(): void {
    this.#tiers.completed(performance.now());
    this.#wake.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#loop;
    await Promise.all(this.#underWay);
    const farewell = { event: 'stopped', timeoutMs: FAREWELL_TIMEOUT_MS } as const;
    const signal = AbortSignal.timeout(FAREWELL_TIMEOUT_MS);
    const told = this.#tiers.farewells().map((url) => this.#announceByAll(url, { ...farewell, signal }));
    await Promise.allSettled(told);
    // By the second family too.
    await Promise.all(this.#underWay);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const step = this.#tiers.next(performance.now());
      if (step.kind === 'none') return;
      if (step.kind === 'announce') this.#keep(this.#ask(step.url, step.event));
      else await this.#rest(step.untilMs - performance.now());
    }
  }

  async #ask(url: string, event: AnnounceEvent | undefined): Promise<void> {
    const { signal } = this.#stopping;
    try {
      const answer = await this.#announceByAll(url, { event, signal });
      const { wantsMore, peers } = this.#torrent.progress();
      const isLonely = wantsMore && peers === 0 && answer.peers.length <= 1;
      this.#tiers.answered(url, { ...answer, isLonely }, performance.now());
    } catch (error) {
      if (signal.aborted) return;
      this.#tiers.failed(url, retryOf(error), performance.now());
    }
    this.#wake.abort();
  }

  /** The first answer is as good as both; the peers of the second are handed on when they come. */
  async #announceByAll(
    url: string,
    options: { event: AnnounceEvent | undefined; signal: AbortSignal; timeoutMs?: number },
  ): Promise<SwarmAnswer> {
    const families = await orAborted(this.#families.of(url), options.signal);
    const asked = families.map(async (family) => {
      const answer = await this.#announce(url, this.#infohash, { ...options, ...(family ? { family } : {}) });
      if (!this.#stopping.signal.aborted) this.#torrent.onPeers(answer.peers, answer.leechers);
      return answer;
    });
    this.#keep(this.#restSilent(url, families, asked));
    try {
      return await Promise.any(asked);
    } catch (error) {
      const causes: unknown[] = error instanceof AggregateError ? error.errors : [error];
      throw causes.find((cause) => retryOf(cause) !== undefined) ?? causes[0];
    }
  }

  async #restSilent(
    url: string,
    families: readonly (AddressFamily | undefined)[],
    asked: readonly Promise<SwarmAnswer>[],
  ): Promise<void> {
    const outcomes = await Promise.allSettled(asked);
    if (this.#stopping.signal.aborted || outcomes.every(({ status }) => status === 'rejected')) return;
    for (const [index, { status }] of outcomes.entries()) {
      if (status === 'rejected') this.#families.rest(url, families[index]);
    }
  }

  #keep(task: Promise<void>): void {
    this.#underWay.add(task);
    void task.finally(() => this.#underWay.delete(task));
  }

  async #rest(waitMs: number): Promise<void> {
    this.#wake = new AbortController();
    const { signal } = this.#wake;
    await sleep(Math.min(waitMs, REST_MS_MAX), undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** A URL that cannot be asked will not be better later. */
function retryOf(error: unknown): number | 'never' | undefined {
  if (!(error instanceof TrackerError)) return undefined;
  return error.code === 'bad_tracker_url' ? 'never' : error.retryInSeconds;
}

async function orAborted<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([task, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
