import type { PeerAddress } from '@swarmpatch/swarm';

/** Peers in one answer. */
const ANSWER_PEERS_MAX = 50;

/** Who may be in an answer. */
export interface TrackedPeer {
  readonly address: PeerAddress;
}

/** Knows who is up, and tells of some of them at random. */
export class Tracker {
  readonly #random: () => number;
  readonly #peers: TrackedPeer[] = [];
  readonly #places = new Map<TrackedPeer, number>();

  constructor(random: () => number) {
    this.#random = random;
  }

  add(peer: TrackedPeer): void {
    this.#places.set(peer, this.#peers.length);
    this.#peers.push(peer);
  }

  remove(peer: TrackedPeer): void {
    const place = this.#places.get(peer);
    const last = this.#peers.pop();
    if (place === undefined || !last) return;
    this.#places.delete(peer);
    if (last === peer) return;
    this.#peers[place] = last;
    this.#places.set(last, place);
  }

  /** Everyone when they are few, and otherwise as many as fit an answer. */
  answer(asker: TrackedPeer): PeerAddress[] {
    const peers = this.#peers;
    if (peers.length <= ANSWER_PEERS_MAX) return peers.filter((peer) => peer !== asker).map((peer) => peer.address);
    const chosen = new Set<TrackedPeer>();
    while (chosen.size < ANSWER_PEERS_MAX) {
      const peer = peers[Math.floor(this.#random() * peers.length)];
      if (peer) chosen.add(peer);
    }
    chosen.delete(asker);
    return Array.from(chosen, (peer) => peer.address);
  }
}
