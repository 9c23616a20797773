import type { Capabilities, Handshake, WireEvent, WireMessage } from '@swarmpatch/peer-wire';
import { type BlockSpan, ProtocolError } from '@swarmpatch/peer-wire';
import type { PeerAddress, PieceStore, Swarm } from '@swarmpatch/swarm';
import { bitfieldBytes } from '@swarmpatch/swarm';

import { HANDSHAKE_TIMEOUT_MS, PeerSocket } from './peer-socket.ts';

/** Under which names and with which abilities this client meets peers of one torrent. */
export interface Introduction {
  /** 20 bytes each: what a peer may call the torrent. The first is what this client calls it. */
  readonly infohashes: readonly Uint8Array[];
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly capabilities: Capabilities;
  readonly pieceCount: number;
}

/** The sockets of one swarm: dials, greets and carries messages between them and the engine. */
export class PeerConnections {
  readonly #introduction: Introduction;
  readonly #swarm: Swarm;
  readonly #store: PieceStore;
  readonly #nowMs: () => number;
  readonly #onChange: () => void;
  readonly #sockets = new Map<number, PeerSocket>();
  /** Dialled or accepted, and not known to the engine. */
  readonly #strangers = new Set<PeerSocket>();
  readonly #lastUpload = new Map<number, Promise<void>>();
  readonly #unflushed = new Set<PeerSocket>();
  #isStopped = false;

  constructor(options: {
    introduction: Introduction;
    swarm: Swarm;
    store: PieceStore;
    nowMs: () => number;
    /** The engine was told something. */
    onChange: () => void;
  }) {
    this.#introduction = options.introduction;
    this.#swarm = options.swarm;
    this.#store = options.store;
    this.#nowMs = options.nowMs;
    this.#onChange = options.onChange;
  }

  dial(address: PeerAddress): void {
    const socket = PeerSocket.dial(address, () => {
      socket.greet(this.#ownHandshake(this.#introduction.infohashes[0] ?? new Uint8Array(20)));
    });
    this.#strangers.add(socket);
    const timer = setTimeout(() => {
      socket.destroy();
    }, HANDSHAKE_TIMEOUT_MS);
    socket.listen({
      onEvent: (event) => {
        if (event.kind !== 'handshake') return;
        clearTimeout(timer);
        if (this.#isOurs(event)) this.#introduce(socket, event, address);
        else socket.destroy();
      },
      onRead: () => undefined,
      onClosed: () => {
        clearTimeout(timer);
        this.#strangers.delete(socket);
        if (this.#isStopped) return;
        this.#swarm.dialFailed(address, this.#nowMs());
        this.#onChange();
      },
    });
  }

  /** Takes a peer that came in and named this torrent. */
  accept(socket: PeerSocket, handshake: Handshake): void {
    if (this.#isStopped) {
      socket.destroy();
      return;
    }
    this.#strangers.add(socket);
    socket.greet(this.#ownHandshake(handshake.infohash));
    this.#introduce(socket, handshake, undefined);
  }

  send(peer: number, message: WireMessage): void {
    const socket = this.#sockets.get(peer);
    if (!socket) return;
    socket.send(message);
    this.#unflushed.add(socket);
  }

  /** Blocks are read at the same time and sent in the order of the calls. */
  upload(peer: number, span: BlockSpan): void {
    const reading = this.#store.read(span.piece, span.begin, span.lengthBytes);
    // A failed read is noticed in its turn.
    reading.catch(() => undefined);
    const turn = (this.#lastUpload.get(peer) ?? Promise.resolve()).then(() => this.#sendBlock(peer, span, reading));
    this.#lastUpload.set(peer, turn);
  }

  disconnect(peer: number): void {
    const socket = this.#sockets.get(peer);
    this.#sockets.delete(peer);
    socket?.close();
  }

  flush(): void {
    for (const socket of this.#unflushed) socket.flush();
    this.#unflushed.clear();
  }

  stop(): void {
    this.#isStopped = true;
    for (const socket of [...this.#strangers, ...this.#sockets.values()]) socket.destroy();
  }

  async #sendBlock(peer: number, span: BlockSpan, reading: Promise<Uint8Array>): Promise<void> {
    const finish = (result: 'sent' | 'failed'): void => {
      if (this.#isStopped) return;
      this.#swarm.uploaded(peer, span.lengthBytes, result, this.#nowMs());
      this.#onChange();
    };
    const bytes = await reading.catch(() => undefined);
    const socket = this.#sockets.get(peer);
    if (bytes && socket) {
      socket.sendBlock(span, bytes, () => {
        finish('sent');
      });
      return;
    }
    // The file is gone or was cut: the peer is not served this block.
    this.send(peer, { kind: 'reject', ...span });
    finish('failed');
  }

  #introduce(socket: PeerSocket, handshake: Handshake, address: PeerAddress | undefined): void {
    const { capabilities } = this.#introduction;
    this.#strangers.delete(socket);
    const number = this.#swarm.peerConnected(
      {
        peerId: Buffer.from(handshake.peerId).toString('hex'),
        capabilities: {
          extensions: capabilities.extensions && handshake.extensions,
          fast: capabilities.fast && handshake.fast,
          v2: capabilities.v2 && handshake.v2,
        },
        direction: address ? 'outgoing' : 'incoming',
        host: socket.host,
        address,
      },
      this.#nowMs(),
    );
    if (typeof number === 'string') {
      socket.listen({ onEvent: () => undefined, onRead: () => undefined, onClosed: () => undefined });
      socket.close();
    } else this.#adopt(number, socket);
    this.#onChange();
  }

  #adopt(number: number, socket: PeerSocket): void {
    this.#sockets.set(number, socket);
    socket.wire.expectBitfield(bitfieldBytes(this.#introduction.pieceCount));
    socket.listen({
      onEvent: (event) => {
        this.#receive(number, event);
      },
      onRead: this.#onChange,
      onClosed: (error) => {
        this.#sockets.delete(number);
        this.#lastUpload.delete(number);
        if (this.#isStopped) return;
        if (error) this.#swarm.protocolBroken(number, error, this.#nowMs());
        else this.#swarm.peerDisconnected(number, this.#nowMs());
        this.#onChange();
      },
    });
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
