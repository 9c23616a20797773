import { Buffer } from 'node:buffer';

import { ProtocolError } from '../protocol-error.ts';
import type { CryptoMethod } from './encryption-policy.ts';
import type { Awaiting, HandshakeInbox } from './handshake-inbox.ts';
import type { RandomBytes } from './key-exchange.ts';
import type { StreamCipher } from './stream-keys.ts';

/** Longest of each of the four pads. */
export const PAD_BYTES_MAX = 512;

/** VC: eight zeros, encrypted; who reads zeros has the same key. */
export const VERIFICATION_CONSTANT_BYTES = 8;

/** Bits of `crypto_provide` and `crypto_select`. */
export const CRYPTO_BITS: Readonly<Record<CryptoMethod, number>> = { plain: 1, rc4: 2 };

const METHODS_BYTES = 4;
const LENGTH_BYTES = 2;

/** The pad after a public key. */
export function randomPad(randomBytes: RandomBytes): Uint8Array {
  return randomBytes(padLength(randomBytes));
}

/** VC, `crypto_provide` or `crypto_select`, and a pad of zeros; not encrypted yet. */
export function encodeCryptoField(methods: readonly CryptoMethod[], randomBytes: RandomBytes): Uint8Array {
  const field = new Uint8Array(VERIFICATION_CONSTANT_BYTES + METHODS_BYTES);
  field[field.length - 1] = methods.reduce((bits, method) => bits | CRYPTO_BITS[method], 0);
  const padBytes = padLength(randomBytes);
  return Buffer.concat([field, uint16(padBytes), new Uint8Array(padBytes)]);
}

/**
 * Reads what follows VC, and its pad.
 *
 * @returns `crypto_provide` or `crypto_select`.
 * @throws {ProtocolError} `bad_encryption`
 */
export function* readCryptoField(inbox: HandshakeInbox, cipher: StreamCipher): Awaiting<number> {
  const bytes = yield* takeDecrypted(inbox, cipher, METHODS_BYTES);
  const bits = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const padBytes = yield* readUint16(inbox, cipher);
  if (padBytes > PAD_BYTES_MAX) {
    throw new ProtocolError(
      'bad_encryption',
      `read an encrypted handshake: found a pad of ${padBytes} bytes, at most ${PAD_BYTES_MAX} are wanted`,
    );
  }
  yield* takeDecrypted(inbox, cipher, padBytes);
  return bits;
}

export function* readUint16(inbox: HandshakeInbox, cipher: StreamCipher): Awaiting<number> {
  const bytes = yield* takeDecrypted(inbox, cipher, LENGTH_BYTES);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
}

export function* takeDecrypted(inbox: HandshakeInbox, cipher: StreamCipher, lengthBytes: number): Awaiting<Uint8Array> {
  const bytes = yield* inbox.take(lengthBytes);
  cipher.decrypt(bytes);
  return bytes;
}

export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function padLength(randomBytes: RandomBytes): number {
  const [high = 0, low = 0] = randomBytes(LENGTH_BYTES);
  return ((high << 8) | low) % (PAD_BYTES_MAX + 1);
}
