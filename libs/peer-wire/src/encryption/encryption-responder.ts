import { Buffer } from 'node:buffer';

import { PROTOCOL_HEADER_BYTES, startsLikeHandshake } from '../handshake.ts';
import { ProtocolError } from '../protocol-error.ts';
import {
  CRYPTO_BITS,
  encodeCryptoField,
  PAD_BYTES_MAX,
  randomPad,
  readCryptoField,
  readUint16,
  takeDecrypted,
  VERIFICATION_CONSTANT_BYTES,
} from './crypto-field.ts';
import type { EncryptionRules, StreamOpening } from './encryption-policy.ts';
import { type Awaiting, HandshakeInbox } from './handshake-inbox.ts';
import { EXCHANGED_KEY_BYTES, KeyExchange, type RandomBytes } from './key-exchange.ts';
import type { HandshakeStep, SettledStream } from './settled-stream.ts';
import { STREAM_HASH_BYTES, streamCipher, streamHash, type StreamKeys } from './stream-keys.ts';

export interface EncryptionResponderOptions {
  readonly rules: EncryptionRules;
  /** The torrents that are served. */
  readonly keys: StreamKeys;
  readonly randomBytes: RandomBytes;
}

/**
 * The accepting side of message stream encryption (MSE/PE, https://wiki.vuze.com/w/Message_Stream_Encryption), which also
 * takes connections that begin with BEP 3's handshake, where the rules let it: bytes in, bytes to send and at last a settled
 * stream out. A `ProtocolError` is final: the caller drops the connection.
 */
export class EncryptionResponder {
  readonly #options: EncryptionResponderOptions;
  readonly #inbox = new HandshakeInbox();
  readonly #progress: Awaiting<SettledStream>;
  #outgoing: Uint8Array[] = [];

  constructor(options: EncryptionResponderOptions) {
    this.#options = options;
    this.#progress = this.#open();
  }

  /** @throws {ProtocolError} `bad_encryption`, `encryption_refused`, `unknown_torrent` */
  receive(bytes: Uint8Array): HandshakeStep {
    this.#inbox.append(bytes);
    const { done, value } = this.#progress.next();
    const send = this.#outgoing;
    this.#outgoing = [];
    return { send, settled: done === true ? value : undefined };
  }

  *#open(): Awaiting<SettledStream> {
    while (startsLikeHandshake(this.#inbox.held) && this.#inbox.held.length < PROTOCOL_HEADER_BYTES) yield;
    const opening: StreamOpening = startsLikeHandshake(this.#inbox.held) ? 'plain' : 'encrypted';
    const { accepted } = this.#options.rules;
    if (!accepted.includes(opening)) {
      throw new ProtocolError(
        'encryption_refused',
        `accept a connection: found ${opening === 'plain' ? 'a plain' : 'no plain'} handshake, ${accepted.join(' or ')} is wanted`,
      );
    }
    if (opening === 'encrypted') return yield* this.#negotiate();
    return { method: 'plain', cipher: undefined, infohash: undefined, received: this.#inbox.held.slice() };
  }

  *#negotiate(): Awaiting<SettledStream> {
    const { rules, keys, randomBytes } = this.#options;
    const inbox = this.#inbox;
    const peerKey = yield* inbox.take(EXCHANGED_KEY_BYTES);
    const exchange = new KeyExchange(randomBytes);
    const secret = exchange.secret(peerKey);
    this.#outgoing.push(Buffer.concat([exchange.publicKey, randomPad(randomBytes)]));

    yield* inbox.takeThrough(streamHash('req1', secret), PAD_BYTES_MAX);
    const infohash = keys.find(yield* inbox.take(STREAM_HASH_BYTES), secret);
    if (infohash === undefined) {
      throw new ProtocolError('unknown_torrent', 'read an encrypted handshake: the peer wants no torrent that is here');
    }
    const cipher = streamCipher('responder', secret, infohash);
    const verification = yield* takeDecrypted(inbox, cipher, VERIFICATION_CONSTANT_BYTES);
    if (verification.some((byte) => byte !== 0)) {
      throw new ProtocolError('bad_encryption', 'read an encrypted handshake: the verification constant is wrong');
    }
    const offered = yield* readCryptoField(inbox, cipher);
    const method = rules.methods.find((known) => (CRYPTO_BITS[known] & offered) !== 0);
    if (method === undefined) {
      throw new ProtocolError(
        'encryption_refused',
        `read an encrypted handshake: found crypto_provide ${offered}, one of ${rules.methods.join(' and ')} is wanted`,
      );
    }
    const payloadBytes = yield* readUint16(inbox, cipher);
    const payload = yield* takeDecrypted(inbox, cipher, payloadBytes);

    const selection = encodeCryptoField([method], randomBytes);
    cipher.encrypt(selection);
    this.#outgoing.push(selection);
    const rest = inbox.held;
    if (method === 'rc4') cipher.decrypt(rest);
    const received = new Uint8Array(payload.length + rest.length);
    received.set(payload);
    received.set(rest, payload.length);
    return { method, cipher: method === 'rc4' ? cipher : undefined, infohash, received };
  }
}
