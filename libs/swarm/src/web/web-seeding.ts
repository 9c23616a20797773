import type { Outbox } from '../command.ts';
import { CONNECTIONS_MAX } from '../peers/peer-book.ts';
import type { PeerSessions } from '../peers/peer-sessions.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { TokenBucket } from '../rates/token-bucket.ts';
import { WebSeedPolicy } from './web-seed-policy.ts';
import { WebSeeds } from './web-seeds.ts';

/** A tracker that counts more is believed no further. */
export const CROWD_MAX = 65_536;

/** So long after a tracker's first answer those whom it named have been met. */
const MEETING_MS = 5_000;

/** What peers bring, as HTTP's policy sees it. */
export interface PeersSupply {
  readonly count: number;
  readonly bytesPerSecond: number;
  /** Pieces that somebody waits for. */
  readonly urgent: ReadonlySet<number>;
}

/** Lets the policy say what HTTP is needed for, and the web seeds bring it. */
export class WebSeeding {
  readonly seeds: WebSeeds;
  readonly #policy: WebSeedPolicy;
  readonly #ledger: PieceLedger;
  readonly #sessions: PeerSessions;
  readonly #limit: TokenBucket;
  readonly #hasSeeds: boolean;
  #countedLeechers = 0;
  #countedMs: number | undefined;

  constructor(options: {
    ledger: PieceLedger;
    sessions: PeerSessions;
    outbox: Outbox;
    limit: TokenBucket;
    /** By web seed: lower ones are asked first. */
    tiers: readonly number[];
    deadlineMs: number | undefined;
    random: () => number;
  }) {
    this.#ledger = options.ledger;
    this.#sessions = options.sessions;
    this.#limit = options.limit;
    this.#hasSeeds = options.tiers.length > 0;
    this.#policy = new WebSeedPolicy(options.deadlineMs);
    this.seeds = new WebSeeds(options);
  }

  /** @param count Those who lack pieces, as a tracker counts them, this client included. */
  leechersCounted(count: number, nowMs: number): void {
    this.#countedMs ??= nowMs;
    this.#countedLeechers = Math.min(count, CROWD_MAX);
  }

  /** Starts, shortens and ends runs as the swarm's state asks for. */
  plan(peers: PeersSupply, nowMs: number): void {
    if (!this.#hasSeeds) return;
    const downloadLimitBytesPerSecond = this.#limit.bytesPerSecond;
    const { seedCount } = this.#sessions;
    const rivalCount = peers.count - seedCount;
    const need = this.#policy.need(
      {
        bytesPerSecond: peers.bytesPerSecond,
        webSeedBytesPerSecond: this.seeds.bestLastRate,
        downloadLimitBytesPerSecond,
        webSeedBytes: this.seeds.rawBytes,
        rivalCount,
        leftBytes: this.#ledger.wantedLeftBytes,
        havePeersAll: seedCount > 0 || this.#ledger.rarity.unavailableCount === 0,
        isAllAskedFor: this.#ledger.isAllAskedFor,
      },
      nowMs,
    );
    const { count: peerCount, urgent } = peers;
    const crowdSize = this.#crowdSize(rivalCount, peerCount, nowMs);
    this.seeds.plan({ need, peerCount, crowdSize, seedCount, downloadLimitBytesPerSecond, urgent }, nowMs);
  }

  /** Trackers count for a while who has gone: who finds few of a crowd there has met all that there are. */
  #crowdSize(rivalCount: number, peerCount: number, nowMs: number): number {
    const isMeeting = this.#countedMs !== undefined && nowMs - this.#countedMs < MEETING_MS;
    const isBelieved = isMeeting || peerCount >= CONNECTIONS_MAX / 2;
    return Math.max(rivalCount + 1, isBelieved ? this.#countedLeechers : 0);
  }

  /** Bytes of a run arrived. Returns how long to wait before more are read, to keep the download limit. */
  bytesReceived(runId: number, lengthBytes: number, nowMs: number): number {
    this.seeds.bytesReceived(runId, lengthBytes, nowMs);
    this.#limit.spend(lengthBytes, nowMs);
    return this.#limit.waitMs(nowMs);
  }
}
