import type { Outbox } from '../command.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import { Choker } from './choker.ts';
import type { SpreadWatch } from './spread-watch.ts';
import type { Uploads } from './uploads.ts';

/** Tells peers what the choker decided. */
export class Unchoking {
  readonly #choker: Choker;
  readonly #outbox: Outbox;
  readonly #uploads: Uploads;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  #isPaused = false;

  constructor(options: {
    random: () => number;
    outbox: Outbox;
    uploads: Uploads;
    peers: ReadonlyMap<number, SwarmPeer>;
    spread: SpreadWatch;
    slotsMin?: number | undefined;
  }) {
    this.#choker = new Choker(options);
    this.#outbox = options.outbox;
    this.#uploads = options.uploads;
    this.#peers = options.peers;
  }

  /** Chokes everyone until `resume`. */
  pause(): void {
    this.#isPaused = true;
    for (const peer of this.#peers.values()) if (!peer.areWeChoking) this.#choke(peer);
  }

  resume(nowMs: number): void {
    this.#isPaused = false;
    for (const peer of this.#peers.values()) if (peer.isInterestedInUs) this.becameInterested(peer, nowMs);
  }

  becameInterested(peer: SwarmPeer, nowMs: number): void {
    peer.isInterestedInUs = true;
    if (!this.#isPaused && this.#choker.fillsFreeSlot(peer, this.#peers.values())) this.#unchoke(peer, nowMs);
  }

  round(role: 'seed' | 'leecher', sentBytesPerSecond: number, nowMs: number): void {
    if (this.#isPaused) return;
    const decision = this.#choker.round(this.#peers.values(), role, sentBytesPerSecond, nowMs);
    for (const peer of decision?.unchoke ?? []) this.#unchoke(peer, nowMs);
    for (const peer of decision?.choke ?? []) this.#choke(peer);
    for (const peer of this.#choker.forFreedSlots(this.#peers.values(), nowMs)) this.#unchoke(peer, nowMs);
  }

  #choke(peer: SwarmPeer): void {
    peer.areWeChoking = true;
    this.#outbox.send(peer.number, { kind: 'choke' });
    this.#uploads.choked(peer);
  }

  #unchoke(peer: SwarmPeer, nowMs: number): void {
    peer.areWeChoking = false;
    peer.unchokedMs = nowMs;
    this.#outbox.send(peer.number, { kind: 'unchoke' });
  }
}
