import { createPrivateKey, createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import type { PublicKey, Signer } from './ports.ts';
import { TrustError } from './trust-error.ts';

/** The TUF key object, its members in the order of canonical JSON. */
export interface TufKey {
  keytype: 'ed25519';
  keyval: { public: string };
  scheme: 'ed25519';
}

export function tufKey(publicKey: string): TufKey {
  return { keytype: 'ed25519', keyval: { public: publicKey }, scheme: 'ed25519' };
}

/**
 * @param publicKey 32 bytes, hex in lower case.
 * @throws {TrustError} `bad_key`
 */
export function publicKeyOf(publicKey: string): PublicKey {
  if (!/^[0-9a-f]{64}$/.test(publicKey)) {
    throw new TrustError(
      'bad_key',
      'read public key: wanted the 32 bytes of an Ed25519 key as 64 lower-case hex digits',
    );
  }
  return { keyId: hash('sha256', JSON.stringify(tufKey(publicKey)), 'hex'), publicKey };
}

/**
 * The fingerprint that launchers pin: SHA-256 (hex) of the canonical JSON `{"keys":[…],"threshold":n}` of the root role, keys
 * sorted by key id. Known as soon as the root keys are, before any origin is.
 */
export function rootFingerprintOf(rootKeys: readonly PublicKey[], threshold: number): string {
  const sorted = rootKeys.toSorted((left, right) => (left.keyId < right.keyId ? -1 : 1));
  const document = { keys: sorted.map((key) => tufKey(key.publicKey)), threshold };
  return hash('sha256', JSON.stringify(document), 'hex');
}

/**
 * @param privateKeyPem An Ed25519 private key, PKCS#8 PEM.
 * @throws {TrustError} `bad_key`
 */
export function signerFromPem(privateKeyPem: string): Signer {
  const privateKey = readPrivateKey(privateKeyPem);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const key = publicKeyOf(spki.subarray(spki.length - 32).toString('hex'));
  return { key, sign: (bytes) => sign(undefined, bytes, privateKey) };
}

function readPrivateKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw new TrustError('bad_key', 'read private key: found no PKCS#8 PEM that can be opened', undefined, { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new TrustError('bad_key', `read private key: found ${key.asymmetricKeyType ?? 'no'} key, wanted ed25519`);
  }
  return key;
}
