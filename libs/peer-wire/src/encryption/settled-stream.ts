import type { CryptoMethod } from './encryption-policy.ts';
import type { StreamCipher } from './stream-keys.ts';

/** A connection whose encryption is agreed: from here on it carries the peer wire of BEP 3. */
export interface SettledStream {
  readonly method: CryptoMethod;
  /** For every byte from now on, both ways; undefined for a plain stream. */
  readonly cipher: StreamCipher | undefined;
  /** The infohash that the peers proved to each other, 20 bytes; undefined when the connection began with BEP 3's handshake. */
  readonly infohash: Uint8Array | undefined;
  /** The first bytes of the peer's stream, decrypted: those that came along with the handshake. The receiver's own. */
  readonly received: Uint8Array;
}

/** What a handshake wants done after bytes came. */
export interface HandshakeStep {
  /** To be sent as they are, in order. */
  readonly send: readonly Uint8Array[];
  /** Set once, at the end: the handshake is given no more bytes. */
  readonly settled: SettledStream | undefined;
}
