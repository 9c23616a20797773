import {
  encodeExtensionHandshake,
  EXTENSION_HANDSHAKE_ID,
  parseExtensionHandshake,
  type WireMessage,
} from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import { REQUESTS_QUEUED_MAX } from '../uploads/uploads.ts';
import type { PeerExtension } from './peer-extension.ts';

/** What this client says of itself. */
export interface SelfDescription {
  readonly client: string;
  readonly listenPort?: number | undefined;
  /** The info dictionary, to be given to peers that come from a magnet link. */
  readonly infoBytes?: Uint8Array | undefined;
}

/** The extensions that this client speaks, under one handshake (BEP 10). */
export class Extensions {
  readonly #self: SelfDescription;
  readonly #outbox: Outbox;
  readonly #extensions: readonly PeerExtension[];
  readonly #byId: ReadonlyMap<number, PeerExtension>;

  constructor(options: { self: SelfDescription; outbox: Outbox; extensions: readonly PeerExtension[] }) {
    this.#self = options.self;
    this.#outbox = options.outbox;
    this.#extensions = options.extensions;
    this.#byId = new Map(options.extensions.map((extension) => [extension.id, extension]));
  }

  greet(peer: SwarmPeer): void {
    if (!peer.capabilities.extensions) return;
    const { client, listenPort, infoBytes } = this.#self;
    const payload = encodeExtensionHandshake({
      messages: new Map(this.#extensions.map(({ name, id }) => [name, id])),
      client,
      listenPort,
      requestsMax: REQUESTS_QUEUED_MAX,
      metadataSizeBytes: infoBytes?.length,
    });
    this.#outbox.send(peer.number, { kind: 'extended', extensionId: EXTENSION_HANDSHAKE_ID, payload });
  }

  /** @throws {ProtocolError} of the extension handshake, or of the extension. */
  received(peer: SwarmPeer, { extensionId, payload }: Extract<WireMessage, { kind: 'extended' }>, nowMs: number): void {
    if (extensionId !== EXTENSION_HANDSHAKE_ID) {
      this.#byId.get(extensionId)?.received(peer, payload, nowMs);
      return;
    }
    const handshake = parseExtensionHandshake(payload);
    peer.extensionIds = handshake.messages;
    if (handshake.requestsMax !== undefined) peer.depth.requestsMax = handshake.requestsMax;
    if (handshake.listenPort !== undefined) peer.address ??= { host: peer.host, port: handshake.listenPort };
    for (const extension of this.#extensions) extension.greeted?.(peer, handshake, nowMs);
  }

  tick(nowMs: number): void {
    for (const extension of this.#extensions) extension.tick?.(nowMs);
  }
}
