import {
  encodeExtensionHandshake,
  EXTENSION_HANDSHAKE_ID,
  parseExtensionHandshake,
  type WireMessage,
} from '@swarmpatch/peer-wire';
import { formatIpAddress } from '@swarmpatch/tracker';

import type { Outbox } from '../command.ts';
import type { PeerAddress } from '../peers/peer-address.ts';
import type { LossCause } from '../peers/peer-book.ts';
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

/** Who wants to know what peers say of themselves and of us. */
export interface ExtensionEvents {
  /** An incoming peer says where it listens. */
  onAddress(peer: SwarmPeer, address: PeerAddress, nowMs: number): void;
  /** A peer says at which address it sees us: a hint. */
  onOwnHost(peer: SwarmPeer, host: string): void;
}

/** The extensions that this client speaks, under one handshake (BEP 10). */
export class Extensions {
  readonly #self: SelfDescription;
  readonly #outbox: Outbox;
  readonly #events: ExtensionEvents;
  readonly #wantsNothing: () => boolean;
  readonly #extensions: readonly PeerExtension[];
  readonly #byId: ReadonlyMap<number, PeerExtension>;
  #saidUploadOnly: boolean;

  constructor(options: {
    self: SelfDescription;
    outbox: Outbox;
    events: ExtensionEvents;
    /** Whether all that is wanted is here (BEP 21). */
    wantsNothing: () => boolean;
    extensions: readonly PeerExtension[];
  }) {
    this.#self = options.self;
    this.#outbox = options.outbox;
    this.#events = options.events;
    this.#wantsNothing = options.wantsNothing;
    this.#extensions = options.extensions;
    this.#byId = new Map(options.extensions.map((extension) => [extension.id, extension]));
    this.#saidUploadOnly = options.wantsNothing();
  }

  greet(peer: SwarmPeer): void {
    if (!peer.capabilities.extensions) return;
    const { client, listenPort, infoBytes } = this.#self;
    this.#shake(peer, {
      messages: new Map(this.#extensions.map(({ name, id }) => [name, id])),
      client,
      listenPort,
      requestsMax: REQUESTS_QUEUED_MAX,
      metadataSizeBytes: infoBytes?.length,
      uploadOnly: this.#saidUploadOnly,
      yourAddress: peer.place.bytes,
    });
  }

  /** @throws {ProtocolError} of the extension handshake, or of the extension. */
  received(peer: SwarmPeer, { extensionId, payload }: Extract<WireMessage, { kind: 'extended' }>, nowMs: number): void {
    if (extensionId !== EXTENSION_HANDSHAKE_ID) {
      this.#byId.get(extensionId)?.received(peer, payload, nowMs);
      return;
    }
    const handshake = parseExtensionHandshake(payload);
    // A later handshake adds to the one before (BEP 10); only names that are known here are kept.
    const ids = new Map(peer.extensionIds);
    for (const { name } of this.#extensions) {
      const id = handshake.messages.get(name);
      if (id !== undefined) ids.set(name, id);
    }
    peer.extensionIds = ids;
    if (handshake.requestsMax !== undefined) peer.depth.requestsMax = handshake.requestsMax;
    if (handshake.uploadOnly !== undefined) peer.isUploadOnly = handshake.uploadOnly;
    if (handshake.yourAddress) this.#events.onOwnHost(peer, formatIpAddress(handshake.yourAddress));
    if (handshake.listenPort !== undefined && peer.direction === 'incoming' && !peer.address) {
      this.#events.onAddress(peer, { host: peer.host, port: handshake.listenPort }, nowMs);
    }
    for (const extension of this.#extensions) extension.greeted?.(peer, handshake, nowMs);
  }

  left(peer: SwarmPeer, cause: LossCause): void {
    for (const extension of this.#extensions) extension.left?.(peer, cause);
  }

  tick(peers: Iterable<SwarmPeer>, nowMs: number): void {
    this.#tellUploadOnly(peers);
    for (const extension of this.#extensions) extension.tick?.(nowMs);
  }

  /** Peers are told again when all that is wanted has come, or when more is wanted (BEP 21). */
  #tellUploadOnly(peers: Iterable<SwarmPeer>): void {
    const uploadOnly = this.#wantsNothing();
    if (uploadOnly === this.#saidUploadOnly) return;
    this.#saidUploadOnly = uploadOnly;
    for (const peer of peers) {
      if (peer.capabilities.extensions) this.#shake(peer, { messages: new Map(), uploadOnly });
    }
  }

  #shake(peer: SwarmPeer, handshake: Parameters<typeof encodeExtensionHandshake>[0]): void {
    const payload = encodeExtensionHandshake(handshake);
    this.#outbox.send(peer.number, { kind: 'extended', extensionId: EXTENSION_HANDSHAKE_ID, payload });
  }
}
