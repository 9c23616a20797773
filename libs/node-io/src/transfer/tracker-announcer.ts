import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { PeerAddress } from '@swarmpatch/swarm';
import { type AnnounceEvent, TrackerError } from '@swarmpatch/tracker';

import { announceToTracker } from '../tracker-client/index.ts';

const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 10 * 60_000;
/** A swarm without peers is asked for again sooner, if the tracker allows. */
const LONELY_INTERVAL_MS = 15_000;
const FAREWELL_TIMEOUT_MS = 2_000;
const PEERS_WANTED = 50;

/** What is told to trackers, at the time of the announce. */
export interface AnnounceSubject {
  /** 20 bytes each: a hybrid torrent has two swarms (BEP 52), whose members are the same. */
  readonly infohash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly progress: () => { uploadedBytes: number; downloadedBytes: number; leftBytes: number; peers: number };
  readonly onPeers: (peers: readonly PeerAddress[]) => void;
  readonly random: () => number;
}

/** Keeps one tracker informed until it is stopped: started, then at intervals, completed, stopped (BEP 3). */
export class TrackerAnnouncer {
  readonly #url: string;
  readonly #subject: AnnounceSubject;
  readonly #key: number = randomBytes(4).readUInt32BE();
  readonly #stopping = new AbortController();
  #wake = new AbortController();
  #isKnown = false;
  #isCompletionDue = false;
  readonly #loop: Promise<void>;

  constructor(url: string, subject: AnnounceSubject) {
    this.#url = url;
    this.#subject = subject;
    this.#loop = this.#run();
  }

  /** The download ended well just now. */
  completed(): void {
    this.#isCompletionDue = true;
    this.#wake.abort();
  }

  /** Says good-bye, as far as that goes quickly. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#loop;
    if (!this.#isKnown) return;
    await this.#announce('stopped', { timeoutMs: FAREWELL_TIMEOUT_MS }).catch(() => undefined);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      let waitMs: number;
      try {
        waitMs = await this.#announceNext();
        failures = 0;
      } catch (error) {
        if (error instanceof TrackerError && error.retryInSeconds === 'never') return;
        const askedMs =
          error instanceof TrackerError && typeof error.retryInSeconds === 'number' ? error.retryInSeconds * 1000 : 0;
        waitMs = Math.max(askedMs, Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** failures));
        failures += 1;
      }
      await this.#rest(waitMs * (0.9 + this.#subject.random() / 5));
    }
  }

  /** Returns how long to wait until the next. */
  async #announceNext(): Promise<number> {
    const isCompletion = this.#isKnown && this.#isCompletionDue;
    this.#isCompletionDue = false;
    const event = this.#isKnown ? (isCompletion ? 'completed' : undefined) : 'started';
    const answer = await this.#announce(event, { signal: this.#stopping.signal });
    this.#isKnown = true;
    this.#subject.onPeers(answer.peers);
    const { leftBytes, peers } = this.#subject.progress();
    const isLonely = leftBytes > 0 && peers === 0 && answer.peers.length <= 1;
    const intervalMs = answer.intervalSeconds * 1000;
    return isLonely
      ? Math.min(intervalMs, Math.max(LONELY_INTERVAL_MS, (answer.minIntervalSeconds ?? 0) * 1000))
      : intervalMs;
  }

  async #announce(
    event: AnnounceEvent | undefined,
    options: { signal?: AbortSignal; timeoutMs?: number },
  ): ReturnType<typeof announceToTracker> {
    const { infohash, peerId, port, progress } = this.#subject;
    const { uploadedBytes, downloadedBytes, leftBytes } = progress();
    return announceToTracker(
      this.#url,
      {
        infohash,
        peerId,
        port,
        uploadedBytes,
        downloadedBytes,
        leftBytes,
        key: this.#key,
        peersWanted: PEERS_WANTED,
        ...(event ? { event } : {}),
      },
      options,
    );
  }

  async #rest(waitMs: number): Promise<void> {
    if (this.#isCompletionDue || this.#stopping.signal.aborted) return;
    this.#wake = new AbortController();
    await sleep(waitMs, undefined, { signal: this.#wake.signal, ref: false }).catch(() => undefined);
  }
}
