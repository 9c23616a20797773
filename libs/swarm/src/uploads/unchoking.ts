import type { Outbox } from '../command.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import { Choker } from './choker.ts';
import type { Uploads } from './uploads.ts';

/** Tells peers what the choker decided. */
export class Unchoking {
  readonly #choker: Choker;
  readonly #outbox: Outbox;
  readonly #uploads: Uploads;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;

  constructor(options: {
    random: () => number;
    outbox: Outbox;
    uploads: Uploads;
    peers: ReadonlyMap<number, SwarmPeer>;
  }) {
    this.#choker = new Choker(options.random);
    this.#outbox = options.outbox;
    this.#uploads = options.uploads;
    this.#peers = options.peers;
  }

  becameInterested(peer: SwarmPeer, nowMs: number): void {
    peer.isInterestedInUs = true;
    if (this.#choker.fillsFreeSlot(peer, this.#peers.values())) this.#unchoke(peer, nowMs);
  }

  round(role: 'seed' | 'leecher', nowMs: number): void {
    const decision = this.#choker.round([...this.#peers.values()], role, nowMs);
    for (const peer of decision?.unchoke ?? []) this.#unchoke(peer, nowMs);
    for (const peer of decision?.choke ?? []) {
      peer.areWeChoking = true;
      this.#outbox.send(peer.number, { kind: 'choke' });
      this.#uploads.choked(peer);
    }
  }

  #unchoke(peer: SwarmPeer, nowMs: number): void {
    peer.areWeChoking = false;
    peer.unchokedMs = nowMs;
    this.#outbox.send(peer.number, { kind: 'unchoke' });
  }
}
