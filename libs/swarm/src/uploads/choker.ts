import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { SpreadWatch } from './spread-watch.ts';

export const CHOKE_ROUND_MS = 10_000;
/** Peers served at a time, by what the line carries. */
export const UPLOAD_SLOTS_MIN = 4;
export const UPLOAD_SLOTS_MAX = 16;
/** Peers served at a time before it is known what the line carries. */
export const UPLOAD_SLOTS = 5;
/** With so much for each, a slot more is opened; with a quarter of it, one less. */
const SLOT_BYTES_PER_SECOND = 256 * 1024;
/** Rounds that an optimistic peer has to show what it gives. */
export const OPTIMISTIC_ROUNDS = 3;
/** Who gave a leecher this part of what its best giver gave is as good to it. */
const GOOD_GIVER_SHARE = 1 / 4;
/** One slot in so many is for peers that have not given anything. */
const SLOTS_PER_OPTIMISTIC = 8;
/** A newcomer is so much more likely to be tried. */
const NEWCOMER_WEIGHT = 3;
const NEWCOMER_MS = 60_000;

/** Whom to serve and whom not, as decided at one time. */
export interface ChokeDecision {
  readonly unchoke: readonly SwarmPeer[];
  readonly choke: readonly SwarmPeer[];
}

/**
 * Who gives is served. A leecher serves those who sent it most lately (tit-for-tat), of equals who has
 * least; a seed serves its givers in proportion to what each gave, to it before or to others since (see docs/decisions/0011-seeding-rule.md). Some slots are for peers that have
 * not given anything, chosen at random, so that newcomers can begin. A free slot is given away at once, not at the next round.
 */
export class Choker {
  readonly #random: () => number;
  readonly #spread: SpreadWatch;
  readonly #slotsMin: number;
  #slots: number;
  #optimistic: SwarmPeer[] = [];
  #optimisticRounds = 0;
  #nextRoundMs = 0;

  /** @param options.slotsMin Peers that are served however slow the line is. */
  constructor(options: { random: () => number; spread: SpreadWatch; slotsMin?: number | undefined }) {
    this.#random = options.random;
    this.#spread = options.spread;
    this.#slotsMin = options.slotsMin ?? UPLOAD_SLOTS_MIN;
    this.#slots = Math.max(this.#slotsMin, UPLOAD_SLOTS);
  }

  /** Whether a peer that has just become interested finds a free slot. */
  fillsFreeSlot(peer: SwarmPeer, peers: Iterable<SwarmPeer>): boolean {
    if (!peer.isInterestedInUs || !peer.areWeChoking) return false;
    let free = this.#slotsMin;
    for (const each of peers) if (!each.areWeChoking && each.isInterestedInUs) free -= 1;
    return free > 0;
  }

  /** Whom to serve in the place of those who left since the last round, so that no slot lies idle. */
  forFreedSlots(peers: Iterable<SwarmPeer>, nowMs: number): SwarmPeer[] {
    const interested = [...peers].filter((peer) => peer.isInterestedInUs);
    const waiting = interested.filter((peer) => peer.areWeChoking);
    const chosen: SwarmPeer[] = [];
    for (let free = this.#slotsMin - (interested.length - waiting.length); free > 0 && waiting.length > 0; free -= 1) {
      const next = this.#draw(waiting, nowMs);
      waiting.splice(waiting.indexOf(next), 1);
      chosen.push(next);
    }
    return chosen;
  }

  /** Decides anew when a round is over. */
  round(
    peers: Iterable<SwarmPeer>,
    role: 'seed' | 'leecher',
    sentBytesPerSecond: number,
    nowMs: number,
  ): ChokeDecision | undefined {
    if (nowMs < this.#nextRoundMs) return undefined;
    this.#nextRoundMs = nowMs + CHOKE_ROUND_MS;
    const connected = [...peers];
    for (const peer of connected) countGift(peer, role);
    const interested = connected.filter((peer) => peer.isInterestedInUs);
    this.#adjustSlots(interested, sentBytesPerSecond);
    const givers = role === 'seed' ? this.#giversOfSeed(interested) : giversOfLeecher(interested);
    // Peers that we serve and that owe us blocks give nothing back: others get the chance to do better.
    const snubbing = role === 'leecher' ? interested.filter((peer) => peer.isSnubbed && !peer.areWeChoking).length : 0;
    const optimisticSlots = Math.min(
      this.#slots >> 1,
      Math.max(1, Math.floor(this.#slots / SLOTS_PER_OPTIMISTIC)) + snubbing,
    );
    const served = new Set(givers.slice(0, this.#slots - optimisticSlots));
    const others = interested.filter((peer) => !served.has(peer));
    for (const peer of this.#chooseOptimistic(others, this.#freeFor(served.size, optimisticSlots), nowMs))
      served.add(peer);
    return {
      unchoke: [...served].filter((peer) => peer.areWeChoking),
      choke: connected.filter((peer) => !peer.areWeChoking && !served.has(peer)),
    };
  }

  /** With few givers the line has room for more who have not given yet. */
  #freeFor(givers: number, optimisticSlots: number): number {
    return Math.max(optimisticSlots, this.#slotsMin - givers);
  }

  #adjustSlots(interested: readonly SwarmPeer[], sentBytesPerSecond: number): void {
    const served = interested.filter((peer) => !peer.areWeChoking).length;
    if (served < this.#slots) return;
    const each = sentBytesPerSecond / this.#slots;
    if (each > SLOT_BYTES_PER_SECOND) this.#slots = Math.min(UPLOAD_SLOTS_MAX, this.#slots + 1);
    else if (each < SLOT_BYTES_PER_SECOND / 4) this.#slots = Math.max(this.#slotsMin, this.#slots - 1);
  }

  /** Those first who have got the least for what they gave. */
  #giversOfSeed(interested: readonly SwarmPeer[]): SwarmPeer[] {
    const due = (peer: SwarmPeer): number => peer.sent.totalBytes / this.#givenBy(peer);
    return interested.filter((peer) => this.#givenBy(peer) > 0).sort((a, b) => due(a) - due(b));
  }

  #givenBy(peer: SwarmPeer): number {
    return peer.received.totalBytes + this.#spread.spreadBytes(peer);
  }

  #chooseOptimistic(candidates: readonly SwarmPeer[], count: number, nowMs: number): readonly SwarmPeer[] {
    this.#optimisticRounds += 1;
    const kept =
      this.#optimisticRounds < OPTIMISTIC_ROUNDS ? this.#optimistic.filter((peer) => candidates.includes(peer)) : [];
    if (this.#optimisticRounds >= OPTIMISTIC_ROUNDS) this.#optimisticRounds = 0;
    const rest = candidates.filter((peer) => !kept.includes(peer));
    while (kept.length < count && rest.length > 0) {
      const chosen = this.#draw(rest, nowMs);
      rest.splice(rest.indexOf(chosen), 1);
      kept.push(chosen);
    }
    this.#optimistic = kept.slice(0, count);
    return this.#optimistic;
  }

  #draw(candidates: readonly SwarmPeer[], nowMs: number): SwarmPeer {
    const weight = (peer: SwarmPeer): number =>
      (nowMs - peer.connectedMs < NEWCOMER_MS ? NEWCOMER_WEIGHT : 1) / (1 + peer.vainRounds) ** 2;
    let at = this.#random() * candidates.reduce((sum, peer) => sum + weight(peer), 0);
    for (const peer of candidates) if ((at -= weight(peer)) < 0) return peer;
    return candidates[candidates.length - 1] as SwarmPeer;
  }
}

/** What a peer sent counts for half in each round after. */
function countGift(peer: SwarmPeer, role: 'seed' | 'leecher'): void {
  const { totalBytes } = peer.received;
  peer.givenLatelyBytes = peer.givenLatelyBytes / 2 + totalBytes - peer.receivedLastRoundBytes;
  peer.receivedLastRoundBytes = totalBytes;
  if (peer.givenLatelyBytes > 0) peer.vainRounds = 0;
  else if (role === 'leecher' && !peer.areWeChoking && peer.areWeInterested) peer.vainRounds += 1;
}

/** Among those who gave well, who has least comes first: otherwise the ones that chance favours trade with each other alone. */
function giversOfLeecher(interested: readonly SwarmPeer[]): SwarmPeer[] {
  const givers = interested
    .filter((peer) => peer.givenLatelyBytes > 0 && !peer.isSnubbed)
    .sort((a, b) => b.givenLatelyBytes - a.givenLatelyBytes);
  const goodBytes = (givers[0]?.givenLatelyBytes ?? 0) * GOOD_GIVER_SHARE;
  const good = givers.filter((peer) => peer.givenLatelyBytes >= goodBytes);
  return [...good.sort((a, b) => a.pieces.count - b.pieces.count), ...givers.slice(good.length)];
}
