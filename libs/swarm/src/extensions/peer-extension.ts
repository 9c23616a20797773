import type { ExtensionHandshake } from '@swarmpatch/peer-wire';

import type { LossCause } from '../peers/peer-book.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';

/** One extension of BEP 10. */
export interface PeerExtension {
  /** As in the `m` dictionary of the extension handshake. */
  readonly name: string;
  /** Under which this client takes its messages, 1 to 255. */
  readonly id: number;
  /** The peer has said which extensions it speaks. */
  greeted?(peer: SwarmPeer, handshake: ExtensionHandshake, nowMs: number): void;
  /** @throws {ProtocolError} when the payload is not well-formed. */
  received(peer: SwarmPeer, payload: Uint8Array, nowMs: number): void;
  /** The connection is over. */
  left?(peer: SwarmPeer, cause: LossCause): void;
  /** Several times a second. */
  tick?(nowMs: number): void;
}
