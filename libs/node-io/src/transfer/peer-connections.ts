import {
  type BlockSpan,
  type Capabilities,
  type EncryptionPolicy,
  encryptionRules,
  type Handshake,
  ProtocolError,
  type WireEvent,
  type WireMessage,
} from '@swarmpatch/peer-wire';
import { bitfieldBytes, type PeerAddress, type Swarm } from '@swarmpatch/swarm';

import { PeerDialer } from './peer-dialer.ts';
import type { PeerSocket } from './peer-socket.ts';
import { answeredInfohash, speaksV2 } from './torrent-identity.ts';
import type { ServedPieces, Unserved } from './served-pieces.ts';
import { UploadLane } from './upload-lane.ts';

/** Under which names and with which abilities this client meets peers of one torrent. */
export interface Introduction {
  /** 20 bytes each: what a peer may call the torrent. The first is what this client calls it. */
  readonly infohashes: readonly Uint8Array[];
  /** Of a v2 or hybrid torrent. */
  readonly infohashV2?: Uint8Array | undefined;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly capabilities: Capabilities;
  readonly pieceCount: number;
}

interface Connection {
  readonly socket: PeerSocket;
  readonly uploads: UploadLane;
}

/** The sockets of one swarm: dials, greets and carries messages between them and the engine. */
export class PeerConnections {
  readonly #introduction: Introduction;
  readonly #swarm: Swarm;
  readonly #served: ServedPieces;
  readonly #dialer: PeerDialer;
  readonly #nowMs: () => number;
  readonly #onChange: () => void;
  readonly #onDamaged: (piece: number) => void;
  readonly #connections = new Map<number, Connection>();
  readonly #unflushed = new Set<Connection>();
  #isStopped = false;

  constructor(options: {
    introduction: Introduction;
    encryption: EncryptionPolicy;
    swarm: Swarm;
    served: ServedPieces;
    nowMs: () => number;
    /** The engine was told something. */
    onChange: () => void;
    /** A piece that a peer asked for is not as it should be; it was not sent. */
    onDamaged: (piece: number) => void;
  }) {
    const [infohash = new Uint8Array(20)] = options.introduction.infohashes;
    this.#introduction = options.introduction;
    this.#swarm = options.swarm;
    this.#served = options.served;
    this.#nowMs = options.nowMs;
    this.#onChange = options.onChange;
    this.#onDamaged = options.onDamaged;
    this.#dialer = new PeerDialer(encryptionRules(options.encryption), () => this.#ownHandshake(infohash));
  }

  dial(address: PeerAddress): void {
    const fail = (): void => {
      this.#swarm.dialFailed(address, this.#nowMs());
      this.#onChange();
    };
    this.#dialer.dial(address, {
      onPeer: (socket, handshake) => {
        if (this.#isOurs(handshake)) {
          this.#introduce(socket, handshake, address);
          return;
        }
        refuse(socket);
        fail();
      },
      onFailed: fail,
    });
  }

  /** Takes a peer that came in and named this torrent. */
  accept(socket: PeerSocket, handshake: Handshake): void {
    if (this.#isStopped) {
      socket.destroy();
      return;
    }
    socket.greet(this.#ownHandshake(answeredInfohash(handshake, this.#introduction.infohashV2)));
    this.#introduce(socket, handshake, undefined);
  }

  send(peer: number, message: WireMessage): void {
    const connection = this.#connections.get(peer);
    if (!connection) return;
    connection.socket.send(message);
    this.#unflushed.add(connection);
  }

  upload(peer: number, span: BlockSpan): void {
    const connection = this.#connections.get(peer);
    if (!connection) return;
    connection.uploads.put(span);
    this.#unflushed.add(connection);
  }

  disconnect(peer: number): void {
    const connection = this.#connections.get(peer);
    this.#connections.delete(peer);
    connection?.socket.close();
  }

  flush(): void {
    for (const { socket, uploads } of this.#unflushed) {
      socket.flush();
      uploads.flush();
    }
    this.#unflushed.clear();
  }

  stop(): void {
    this.#isStopped = true;
    this.#dialer.stop();
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  #introduce(socket: PeerSocket, handshake: Handshake, address: PeerAddress | undefined): void {
    const { capabilities } = this.#introduction;
    const direction = address ? 'outgoing' : 'incoming';
    const number = this.#swarm.peerConnected(
      {
        peerId: Buffer.from(handshake.peerId).toString('hex'),
        capabilities: {
          extensions: capabilities.extensions && handshake.extensions,
          fast: capabilities.fast && handshake.fast,
          dht: capabilities.dht === true && handshake.dht === true,
          v2: speaksV2(handshake, direction, this.#introduction.infohashV2),
        },
        direction,
        host: socket.host,
        address,
      },
      this.#nowMs(),
    );
    if (typeof number === 'string') refuse(socket);
    else this.#adopt(number, socket);
    this.#onChange();
  }

  #adopt(number: number, socket: PeerSocket): void {
    const uploads = new UploadLane(socket, this.#served, {
      onSent: (lengthBytes) => {
        this.#uploaded(number, lengthBytes, 'sent');
      },
      onUnserved: (span, why) => {
        this.#notServed(number, span, why);
      },
    });
    this.#connections.set(number, { socket, uploads });
    socket.wire.expectBitfield(bitfieldBytes(this.#introduction.pieceCount));
    socket.listen({
      onEvent: (event) => {
        this.#receive(number, event);
      },
      onRead: this.#onChange,
      onClosed: (error) => {
        this.#connections.delete(number);
        if (this.#isStopped) return;
        if (error) this.#swarm.protocolBroken(number, error, this.#nowMs());
        else this.#swarm.peerDisconnected(number, this.#nowMs());
        this.#onChange();
      },
    });
  }

  /** The file is gone or was changed: the peer is not served this block. */
  #notServed(number: number, span: BlockSpan, why: Unserved): void {
    this.send(number, { ...span, kind: 'reject' });
    const then = this.#swarm.isComplete ? 'leave' : 'fetch';
    if (why === 'damaged' && !this.#isStopped && this.#swarm.pieceLost(span.piece, then)) this.#onDamaged(span.piece);
    this.#uploaded(number, span.lengthBytes, 'failed');
  }

  #uploaded(number: number, lengthBytes: number, result: 'sent' | 'failed'): void {
    if (this.#isStopped) return;
    this.#swarm.uploaded(number, lengthBytes, result, this.#nowMs());
    this.#onChange();
  }

  #receive(number: number, event: WireEvent): void {
    if (event.kind === 'handshake') throw new ProtocolError('bad_sequence', 'read a handshake: there was one before');
    this.#swarm.messageReceived(number, event, this.#nowMs());
  }

  #isOurs({ infohash }: Handshake): boolean {
    return this.#introduction.infohashes.some((each) => Buffer.compare(each, infohash) === 0);
  }

  #ownHandshake(infohash: Uint8Array): Handshake {
    return { infohash, peerId: this.#introduction.peerId, ...this.#introduction.capabilities };
  }
}

function refuse(socket: PeerSocket): void {
  socket.listen({ onEvent: () => undefined, onRead: () => undefined, onClosed: () => undefined });
  socket.close();
}
