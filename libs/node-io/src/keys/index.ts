export { createKeyDirectory, readPublicKeys, readSigner, type KeyName, type PublicKeys } from './key-directory.ts';
export { KeysError } from './keys-error.ts';
export { generateSigningKey, type SigningKey } from './signing-key.ts';
