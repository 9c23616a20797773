import { randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';

import {
  type BlockSpan,
  type CryptoMethod,
  encodeBlockHeader,
  encodeHandshake,
  encodeMessages,
  EncryptionInitiator,
  type Handshake,
  type HandshakeStep,
  PeerWire,
  ProtocolError,
  type StreamCipher,
  type WireEvent,
  type WireMessage,
} from '@swarmpatch/peer-wire';
import type { PeerAddress } from '@swarmpatch/swarm';

export const CONNECT_TIMEOUT_MS = 5_000;
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** What waits to be sent to one peer; one that takes nothing and goes on asking is cut off. */
export const SEND_QUEUE_BYTES_MAX: number = 8 * 1024 * 1024;

/**
 * One buffer for all connections that were dialled: what is read is dealt with before the next read begins, so a block is
 * copied once, from here into its piece.
 */
const receiveBuffer = Buffer.allocUnsafeSlow(256 * 1024);

export interface PeerSocketEvents {
  /** Views the receive buffer: good for the time of the call. */
  onEvent(event: WireEvent): void;
  /** All events of one read were given. */
  onRead(): void;
  /** The connection is over, once. */
  onClosed(error: ProtocolError | undefined): void;
}

/** Agrees on encryption before the first byte of the peer wire. */
export interface StreamHandshake {
  receive(bytes: Uint8Array): HandshakeStep;
}

/** A block as it is sent, from where it lies. */
export interface OutgoingBlock {
  readonly span: BlockSpan;
  readonly bytes: Uint8Array;
}

/** A connection to a peer: the only place that knows both the wire and its socket. */
export class PeerSocket {
  readonly host: string;
  readonly wire: PeerWire = new PeerWire();
  readonly #socket: Socket;
  #events: PeerSocketEvents | undefined;
  /** Until both sides have settled on how the stream goes on. */
  #handshake: StreamHandshake | undefined;
  #cipher: StreamCipher | undefined;
  #outgoing: WireMessage[] = [];
  #hasConnected = false;
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

  /** @param handshake Finds out how the peer begins; plainly, unless given. */
  static accepted(socket: Socket, handshake?: StreamHandshake): PeerSocket {
    const peer = new PeerSocket(socket, plainHost(socket.remoteAddress ?? ''));
    peer.#handshake = handshake;
    peer.#hasConnected = true;
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
      onread: {
        buffer: receiveBuffer,
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
      peer.#hasConnected = true;
      onConnect();
    });
    return peer;
  }

  /** Whether there was someone, whatever became of it. */
  get hasConnected(): boolean {
    return this.#hasConnected;
  }

  /** Who is told of events from now on. */
  listen(events: PeerSocketEvents): void {
    this.#events = events;
  }

  greet(handshake: Handshake): void {
    this.#write(encodeHandshake(handshake));
  }

  /** Begins with an encrypted handshake, which offers these methods, and greets inside it. */
  greetEncrypted(handshake: Handshake, methods: readonly CryptoMethod[]): void {
    const { infohash } = handshake;
    const initiator = new EncryptionInitiator({
      infohash,
      methods,
      initialPayload: encodeHandshake(handshake),
      randomBytes,
    });
    this.#handshake = initiator;
    this.#write(initiator.start());
  }

  /** Queues a message until `flush`. */
  send(message: WireMessage): void {
    this.#outgoing.push(message);
  }

  flush(): void {
    if (this.#outgoing.length === 0) return;
    this.#write(encodeMessages(this.#outgoing));
    this.#outgoing = [];
  }

  /** Sends blocks from where they lie, in one call to the system. */
  sendBlocks(blocks: readonly OutgoingBlock[], onSent: () => void): void {
    this.flush();
    if (this.#isClosed) return;
    if (this.#cipher) {
      const messages = blocks.map(({ span, bytes }) => ({ ...span, kind: 'block' as const, bytes }));
      this.#write(encodeMessages(messages), onSent);
      return;
    }
    this.#socket.cork();
    for (const [index, { span, bytes }] of blocks.entries()) {
      this.#socket.write(encodeBlockHeader(span.piece, span.begin, bytes.length));
      this.#socket.write(bytes, index === blocks.length - 1 ? onSent : undefined);
    }
    this.#socket.uncork();
    this.#expectReader();
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

  /** @param bytes The caller's no more: they are encrypted in place. */
  #write(bytes: Uint8Array, onSent?: () => void): void {
    if (this.#isClosed) return;
    this.#cipher?.encrypt(bytes);
    this.#socket.write(bytes, onSent);
    this.#expectReader();
  }

  #expectReader(): void {
    if (this.#socket.writableLength <= SEND_QUEUE_BYTES_MAX) return;
    this.#error = new ProtocolError(
      'too_many_requests',
      `send to ${this.host}: ${this.#socket.writableLength} bytes are waiting, which the peer asked for and does not take`,
    );
    this.destroy();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      for (const event of this.wire.receive(this.#open(bytes))) {
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

  /** @returns What is of the peer wire, decrypted in place: nothing until the handshake is settled. */
  #open(bytes: Uint8Array): Uint8Array {
    if (!this.#handshake) {
      this.#cipher?.decrypt(bytes);
      return bytes;
    }
    const { send, settled } = this.#handshake.receive(bytes);
    for (const each of send) this.#socket.write(each);
    if (!settled) return new Uint8Array(0);
    this.#handshake = undefined;
    this.#cipher = settled.cipher;
    return settled.received;
  }
}

/** IPv4 addresses come mapped into IPv6 on a socket that listens to both. */
function plainHost(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host;
}
