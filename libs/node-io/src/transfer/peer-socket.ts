import { createConnection, type Socket } from 'node:net';

import {
  type BlockSpan,
  encodeBlockHeader,
  encodeHandshake,
  encodeMessages,
  type Handshake,
  PeerWire,
  ProtocolError,
  type WireEvent,
  type WireMessage,
} from '@swarmpatch/peer-wire';
import type { PeerAddress } from '@swarmpatch/swarm';

export const CONNECT_TIMEOUT_MS = 5_000;
export const HANDSHAKE_TIMEOUT_MS = 10_000;
const RECEIVE_BUFFER_BYTES = 128 * 1024;

export interface PeerSocketEvents {
  /** Views the receive buffer: good for the time of the call. */
  onEvent(event: WireEvent): void;
  /** All events of one read were given. */
  onRead(): void;
  /** The connection is over, once. */
  onClosed(error: ProtocolError | undefined): void;
}

/** A connection to a peer: the only place that knows both the wire and its socket. */
export class PeerSocket {
  readonly host: string;
  readonly wire: PeerWire = new PeerWire();
  readonly #socket: Socket;
  #events: PeerSocketEvents | undefined;
  #outgoing: WireMessage[] = [];
  #isClosed = false;
  #error: ProtocolError | undefined;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.host = host;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#events?.onClosed(this.#error);
    });
  }

  static accepted(socket: Socket): PeerSocket {
    const peer = new PeerSocket(socket, plainHost(socket.remoteAddress ?? ''));
    socket.on('data', (bytes) => {
      peer.#receive(bytes);
    });
    return peer;
  }

  /** Connects; the socket closes by itself when that takes too long. */
  static dial(address: PeerAddress, onConnect: () => void): PeerSocket {
    const socket = createConnection({
      host: address.host,
      port: address.port,
      // One buffer for all reads: a block is copied once, from here into its piece.
      onread: {
        buffer: Buffer.allocUnsafeSlow(RECEIVE_BUFFER_BYTES),
        callback: (lengthBytes, buffer) => {
          peer.#receive(buffer.subarray(0, lengthBytes));
          return true;
        },
      },
    });
    const peer = new PeerSocket(socket, address.host);
    const timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
    socket.once('close', () => {
      clearTimeout(timer);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      onConnect();
    });
    return peer;
  }

  /** Who is told of events from now on. */
  listen(events: PeerSocketEvents): void {
    this.#events = events;
  }

  greet(handshake: Handshake): void {
    this.#socket.write(encodeHandshake(handshake));
  }

  /** Queues a message until `flush`. */
  send(message: WireMessage): void {
    this.#outgoing.push(message);
  }

  flush(): void {
    if (this.#outgoing.length === 0) return;
    if (!this.#isClosed) this.#socket.write(encodeMessages(this.#outgoing));
    this.#outgoing = [];
  }

  /** Sends a block from where it lies. */
  sendBlock({ piece, begin }: BlockSpan, bytes: Uint8Array, onSent: () => void): void {
    this.flush();
    this.#socket.cork();
    this.#socket.write(encodeBlockHeader(piece, begin, bytes.length));
    this.#socket.write(bytes, onSent);
    this.#socket.uncork();
  }

  /** Sends what is queued and ends the connection. */
  close(): void {
    this.flush();
    this.#socket.destroySoon();
    this.#isClosed = true;
  }

  destroy(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      for (const event of this.wire.receive(bytes)) {
        this.#events?.onEvent(event);
        if (this.#isClosed) return;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#error = error;
      this.destroy();
      return;
    }
    this.#events?.onRead();
  }
}

/** IPv4 addresses come mapped into IPv6 on a socket that listens to both. */
function plainHost(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host;
}
