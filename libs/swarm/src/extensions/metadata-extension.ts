import { METADATA_EXTENSION } from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import { answerMetadataRequest } from './metadata-server.ts';
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

  received(peer: SwarmPeer, payload: Uint8Array): void {
    const answer = answerMetadataRequest(payload, this.#infoBytes);
    const theirId = peer.extensionIds.get(this.name);
    if (answer && theirId !== undefined)
      this.#outbox.send(peer.number, { kind: 'extended', extensionId: theirId, payload: answer });
  }
}
