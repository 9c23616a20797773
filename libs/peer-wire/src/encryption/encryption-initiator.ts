import { Buffer } from 'node:buffer';

import { PROTOCOL_HEADER_BYTES, startsLikeHandshake } from '../handshake.ts';
import { ProtocolError } from '../protocol-error.ts';
import {
  CRYPTO_BITS,
  encodeCryptoField,
  PAD_BYTES_MAX,
  randomPad,
  readCryptoField,
  uint16,
  VERIFICATION_CONSTANT_BYTES,
} from './crypto-field.ts';
import type { CryptoMethod } from './encryption-policy.ts';
import { type Awaiting, HandshakeInbox } from './handshake-inbox.ts';
import { EXCHANGED_KEY_BYTES, KeyExchange, type RandomBytes } from './key-exchange.ts';
import type { HandshakeStep, SettledStream } from './settled-stream.ts';
import { maskedStreamKey, type StreamCipher, streamCipher, streamHash } from './stream-keys.ts';

export interface EncryptionInitiatorOptions {
  /** 20 bytes; the v2 infohash truncated where that is the one that the peer is greeted with. */
  readonly infohash: Uint8Array;
  /** Offered to the peer, which selects one. */
  readonly methods: readonly CryptoMethod[];
  /** Sent with the handshake so that it costs no round trip: BEP 3's handshake. At most 65,535 bytes. */
  readonly initialPayload: Uint8Array;
  readonly randomBytes: RandomBytes;
}

/**
 * The dialing side of message stream encryption (MSE/PE, https://wiki.vuze.com/w/Message_Stream_Encryption): bytes in, bytes
 * to send and at last a settled stream out. A `ProtocolError` is final: the caller drops the connection.
 */
export class EncryptionInitiator {
  readonly #options: EncryptionInitiatorOptions;
  readonly #exchange: KeyExchange;
  readonly #inbox = new HandshakeInbox();
  readonly #progress: Awaiting<SettledStream>;
  #outgoing: Uint8Array[] = [];

  constructor(options: EncryptionInitiatorOptions) {
    this.#options = options;
    this.#exchange = new KeyExchange(options.randomBytes);
    this.#progress = this.#negotiate();
  }

  /** What opens the connection: the public key and a pad. */
  start(): Uint8Array {
    return Buffer.concat([this.#exchange.publicKey, randomPad(this.#options.randomBytes)]);
  }

  /** @throws {ProtocolError} `bad_encryption`, `encryption_refused` */
  receive(bytes: Uint8Array): HandshakeStep {
    this.#inbox.append(bytes);
    const { done, value } = this.#progress.next();
    const send = this.#outgoing;
    this.#outgoing = [];
    return { send, settled: done === true ? value : undefined };
  }

  *#negotiate(): Awaiting<SettledStream> {
    const { infohash, methods } = this.#options;
    while (startsLikeHandshake(this.#inbox.held) && this.#inbox.held.length < PROTOCOL_HEADER_BYTES) yield;
    if (startsLikeHandshake(this.#inbox.held)) {
      throw new ProtocolError(
        'encryption_refused',
        'dial a peer: found a plain handshake, an encrypted one is wanted; dial it plainly',
      );
    }
    const secret = this.#exchange.secret(yield* this.#inbox.take(EXCHANGED_KEY_BYTES));
    const cipher = streamCipher('initiator', secret, infohash);
    this.#outgoing.push(this.#offer(secret, cipher));

    // What eight zeros become on their way here: where the peer's pad ends.
    const verification = new Uint8Array(VERIFICATION_CONSTANT_BYTES);
    cipher.decrypt(verification);
    yield* this.#inbox.takeThrough(verification, PAD_BYTES_MAX);
    const bits = yield* readCryptoField(this.#inbox, cipher);
    const method = methods.find((offered) => CRYPTO_BITS[offered] === bits);
    if (method === undefined) {
      throw new ProtocolError(
        'encryption_refused',
        `read an encrypted handshake: found crypto_select ${bits}, one of ${methods.join(' and ')} was offered`,
      );
    }

    const received = this.#inbox.held.slice();
    if (method === 'rc4') cipher.decrypt(received);
    return { method, cipher: method === 'rc4' ? cipher : undefined, infohash, received };
  }

  #offer(secret: Uint8Array, cipher: StreamCipher): Uint8Array {
    const { infohash, methods, initialPayload, randomBytes } = this.#options;
    const payload = Buffer.concat([
      encodeCryptoField(methods, randomBytes),
      uint16(initialPayload.length),
      initialPayload,
    ]);
    cipher.encrypt(payload);
    return Buffer.concat([streamHash('req1', secret), maskedStreamKey(secret, infohash), payload]);
  }
}
