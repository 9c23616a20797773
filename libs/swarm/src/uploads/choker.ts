import type { SwarmPeer } from '../peers/swarm-peer.ts';

/** Peers served at a time; one of them is the optimistic one. */
export const UPLOAD_SLOTS = 8;
export const CHOKE_ROUND_MS = 10_000;
/** Rounds that an optimistic peer has to show what it gives. */
export const OPTIMISTIC_ROUNDS = 3;

/** Whom to serve and whom not, as decided at one time. */
export interface ChokeDecision {
  readonly unchoke: readonly SwarmPeer[];
  readonly choke: readonly SwarmPeer[];
}

/**
 * Tit-for-tat: who sent most in the last round is served, and one other, chosen at random, may show what it gives. A seed
 * serves whoever takes fastest. A free slot is given away at once, not at the next round.
 */
export class Choker {
  readonly #random: () => number;
  #optimistic: SwarmPeer | undefined;
  #optimisticRounds = 0;
  #nextRoundMs = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether a peer that has just become interested finds a free slot. */
  fillsFreeSlot(peer: SwarmPeer, peers: Iterable<SwarmPeer>): boolean {
    if (!peer.isInterestedInUs || !peer.areWeChoking) return false;
    let slots = UPLOAD_SLOTS;
    for (const each of peers) if (!each.areWeChoking && each.isInterestedInUs) slots -= 1;
    return slots > 0;
  }

  /** Decides anew when a round is over. */
  round(connected: Iterable<SwarmPeer>, role: 'seed' | 'leecher', nowMs: number): ChokeDecision | undefined {
    if (nowMs < this.#nextRoundMs) return undefined;
    this.#nextRoundMs = nowMs + CHOKE_ROUND_MS;
    const peers = [...connected];
    const interested = peers.filter((peer) => peer.isInterestedInUs);
    const given = new Map(
      peers.map((peer) => {
        const bytes =
          role === 'seed'
            ? peer.sent.totalBytes - peer.sentLastRoundBytes
            : peer.received.totalBytes - peer.receivedLastRoundBytes;
        peer.sentLastRoundBytes = peer.sent.totalBytes;
        peer.receivedLastRoundBytes = peer.received.totalBytes;
        return [peer, bytes];
      }),
    );
    const ranked = [...interested].sort(
      (a, b) => (given.get(b) ?? 0) - (given.get(a) ?? 0) || a.unchokedMs - b.unchokedMs,
    );
    const served = new Set(ranked.slice(0, UPLOAD_SLOTS - 1));
    const optimistic = this.#chooseOptimistic(interested.filter((peer) => !served.has(peer)));
    if (optimistic) served.add(optimistic);
    return {
      unchoke: [...served].filter((peer) => peer.areWeChoking),
      choke: peers.filter((peer) => !peer.areWeChoking && !served.has(peer)),
    };
  }

  #chooseOptimistic(candidates: readonly SwarmPeer[]): SwarmPeer | undefined {
    this.#optimisticRounds += 1;
    const isKept =
      this.#optimistic && candidates.includes(this.#optimistic) && this.#optimisticRounds < OPTIMISTIC_ROUNDS;
    if (!isKept) {
      this.#optimistic = candidates[Math.floor(this.#random() * candidates.length)];
      this.#optimisticRounds = 0;
    }
    return this.#optimistic;
  }
}
