import {
  encodeMetadataMessage,
  METADATA_EXTENSION,
  METADATA_PIECE_BYTES,
  type MetadataMessage,
  parseMetadataMessage,
} from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { PeerExtension } from './peer-extension.ts';

/** Gives the info dictionary to peers that come from a magnet link (BEP 9). */
export class MetadataExtension implements PeerExtension {
  readonly name: string = METADATA_EXTENSION;
  readonly id = 1;
  readonly #infoBytes: Uint8Array;
  readonly #outbox: Outbox;

  constructor(infoBytes: Uint8Array, outbox: Outbox) {
    this.#infoBytes = infoBytes;
    this.#outbox = outbox;
  }

  /** @throws {ProtocolError} `bad_extension`, `bad_metadata` */
  received(peer: SwarmPeer, payload: Uint8Array): void {
    const message = parseMetadataMessage(payload);
    const extensionId = peer.extensionIds.get(this.name);
    if (message?.type !== 'request' || extensionId === undefined) return;
    const answer = encodeMetadataMessage(this.#answerTo(message.piece));
    this.#outbox.send(peer.number, { kind: 'extended', extensionId, payload: answer });
  }

  #answerTo(piece: number): MetadataMessage {
    const begin = piece * METADATA_PIECE_BYTES;
    const totalBytes = this.#infoBytes.length;
    if (begin >= totalBytes) return { type: 'reject', piece };
    return { type: 'data', piece, totalBytes, bytes: this.#infoBytes.subarray(begin, begin + METADATA_PIECE_BYTES) };
  }
}
