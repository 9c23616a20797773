import type { BlockSpan, WireMessage } from '@swarmpatch/peer-wire';

import type { PeerAddress } from './peers/peer-address.ts';

/** Consecutive pieces that a web seed is asked for. `runId` names them in what is told back. */
export interface WebRun {
  readonly runId: number;
  /** Index in the swarm's list of web seeds. */
  readonly webSeed: number;
  readonly firstPiece: number;
  readonly pieceCount: number;
}

export type DisconnectReason =
  | 'protocol_error'
  | 'sent_bad_pieces'
  | 'own_connection'
  | 'second_connection'
  | 'nothing_to_exchange'
  | 'too_many_connections'
  | 'silent'
  | 'stopped';

/** What the engine wants done. Commands are to be carried out in order. */
export type SwarmCommand =
  | { readonly kind: 'dial'; readonly address: PeerAddress }
  /** A peer says that its DHT node is there (BEP 5). */
  | { readonly kind: 'dht_node'; readonly address: PeerAddress }
  | { readonly kind: 'send'; readonly peer: number; readonly message: WireMessage }
  /** Read a block from the store and send it; then call `uploaded`. */
  | { readonly kind: 'upload'; readonly peer: number; readonly span: BlockSpan }
  | { readonly kind: 'disconnect'; readonly peer: number; readonly reason: DisconnectReason; readonly detail: string }
  /** Compare the piece's slot with its hash; then call `pieceVerified`. */
  | { readonly kind: 'verify'; readonly piece: number }
  /** Write the piece's slot to the store; then call `pieceWritten`. */
  | { readonly kind: 'write'; readonly piece: number }
  /** Read the piece from the store and hash each of its blocks; then call `leavesRead`. */
  | { readonly kind: 'read_leaves'; readonly piece: number }
  | ({ readonly kind: 'fetch' } & WebRun)
  /** The run ends before `endPiece` now; when that piece or a later one is under way, it is given up. */
  | { readonly kind: 'shorten_fetch'; readonly runId: number; readonly endPiece: number };

/** Collects commands until they are drained. */
export class Outbox {
  #commands: SwarmCommand[] = [];

  get isEmpty(): boolean {
    return this.#commands.length === 0;
  }

  put(command: SwarmCommand): void {
    this.#commands.push(command);
  }

  send(peer: number, message: WireMessage): void {
    this.#commands.push({ kind: 'send', peer, message });
  }

  drain(): SwarmCommand[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }
}
