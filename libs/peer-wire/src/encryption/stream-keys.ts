import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

import { Rc4 } from './rc4.ts';

export const STREAM_HASH_BYTES = 20;

/** What each way of a connection is encrypted with once both ends know the secret and the torrent. */
export interface StreamCipher {
  /** Decrypts the next bytes that came, in place. */
  decrypt(bytes: Uint8Array): void;
  /** Encrypts the next bytes to send: in place, or into `target` of the same length. */
  encrypt(bytes: Uint8Array, target?: Uint8Array): void;
}

/** Which ends of the connection: A dialed, B accepted. */
export type StreamSide = 'initiator' | 'responder';

export function streamCipher(side: StreamSide, secret: Uint8Array, infohash: Uint8Array): StreamCipher {
  const fromInitiator = new Rc4(streamHash('keyA', secret, infohash));
  const fromResponder = new Rc4(streamHash('keyB', secret, infohash));
  const [out, back] = side === 'initiator' ? [fromInitiator, fromResponder] : [fromResponder, fromInitiator];
  return {
    decrypt: (bytes) => {
      back.apply(bytes, bytes);
    },
    encrypt: (bytes, target = bytes) => {
      out.apply(bytes, target);
    },
  };
}

/** HASH of message stream encryption: the SHA-1 of a label and what follows it. */
export function streamHash(label: 'req1' | 'req2' | 'req3' | 'keyA' | 'keyB', ...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha1').update(label, 'latin1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** HASH('req2', SKEY) xor HASH('req3', S): names a torrent to a peer that has it, and to nobody else. */
export function maskedStreamKey(secret: Uint8Array, infohash: Uint8Array): Uint8Array {
  return xor(streamHash('req2', infohash), streamHash('req3', secret));
}

/** The torrents that peers may name on an encrypted connection, by the hash that stands for each. */
export class StreamKeys {
  readonly #infohashes = new Map<string, Uint8Array>();

  /** @param infohash 20 bytes; a hybrid is added under both of its infohashes, the v2 one truncated. */
  add(infohash: Uint8Array): void {
    this.#infohashes.set(hex(streamHash('req2', infohash)), infohash);
  }

  delete(infohash: Uint8Array): void {
    this.#infohashes.delete(hex(streamHash('req2', infohash)));
  }

  /** The infohash that `maskedStreamKey` was made of; undefined when it is not of these. */
  find(masked: Uint8Array, secret: Uint8Array): Uint8Array | undefined {
    return this.#infohashes.get(hex(xor(masked, streamHash('req3', secret))));
  }
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] ?? 0));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
