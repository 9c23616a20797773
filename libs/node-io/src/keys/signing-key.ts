import { generateKeyPairSync } from 'node:crypto';
import { type PublicKey, signerFromPem } from '@swarmpatch/trust';

export interface SigningKey {
  /** PKCS#8 PEM. */
  privateKeyPem: string;
  key: PublicKey;
}

/** A fresh Ed25519 key. */
export function generateSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
    publicKeyEncoding: { format: 'pem', type: 'spki' },
  });
  return { privateKeyPem: privateKey, key: signerFromPem(privateKey).key };
}
