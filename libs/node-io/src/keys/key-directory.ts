/**
 * A studio's keys on disk: `root.pem` and `release.pem` (PKCS#8, readable by their owner alone) and `public.json`. The root key
 * may be taken away and kept offline: publishing needs `release.pem` and `public.json`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type PublicKey,
  publicKeyOf,
  rootFingerprintOf,
  type Signer,
  signerFromPem,
  TrustError,
} from '@swarmpatch/trust';
import { KeysError } from './keys-error.ts';
import { generateSigningKey } from './signing-key.ts';

/** The root role is signed by one key. */
const ROOT_THRESHOLD = 1;

const PUBLIC_FILE = 'public.json';

export type KeyName = 'root' | 'release';

export interface PublicKeys {
  root: PublicKey;
  release: PublicKey;
  /** What launchers pin. */
  rootFingerprint: string;
}

/**
 * Makes a root key and a release key.
 *
 * @throws {KeysError} `keys_exist`: nothing is ever written over a key.
 */
export async function createKeyDirectory(directory: string): Promise<PublicKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const root = generateSigningKey();
  const release = generateSigningKey();
  await writeNew(join(directory, 'root.pem'), root.privateKeyPem);
  await writeNew(join(directory, 'release.pem'), release.privateKeyPem);
  const document = { format: 1, root: root.key.publicKey, release: release.key.publicKey };
  await writeNew(join(directory, PUBLIC_FILE), `${JSON.stringify(document)}\n`);
  return publicKeys(root.key, release.key);
}

/** @throws {KeysError} `keys_missing`, `keys_malformed`, `keys_unreadable` */
export async function readPublicKeys(directory: string): Promise<PublicKeys> {
  const path = join(directory, PUBLIC_FILE);
  const text = await readKeyFile(path);
  try {
    const document = JSON.parse(text) as Partial<Record<KeyName, unknown>> | null;
    return publicKeys(publicKeyOf(String(document?.root)), publicKeyOf(String(document?.release)));
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TrustError)) throw cause;
    throw new KeysError(
      'keys_malformed',
      path,
      `read keys: ${path} does not hold two public keys; restore it from a backup`,
      { cause },
    );
  }
}

/**
 * Reads a private key and checks that it is the one that `public.json` names.
 *
 * @throws {KeysError} `keys_missing`, `keys_malformed`, `keys_unreadable`
 */
export async function readSigner(directory: string, name: KeyName): Promise<Signer> {
  const path = join(directory, `${name}.pem`);
  const wanted = (await readPublicKeys(directory))[name];
  const pem = await readKeyFile(path);
  let signer: Signer;
  try {
    signer = signerFromPem(pem);
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new KeysError(
      'keys_malformed',
      path,
      `read keys: ${path} holds no Ed25519 private key (PKCS#8 PEM); restore it from a backup`,
      { cause },
    );
  }
  if (signer.key.keyId !== wanted.keyId) {
    throw new KeysError(
      'keys_malformed',
      path,
      `read keys: ${path} is not the key that ${PUBLIC_FILE} beside it names; restore both from one backup`,
    );
  }
  return signer;
}

function publicKeys(root: PublicKey, release: PublicKey): PublicKeys {
  return { root, release, rootFingerprint: rootFingerprintOf([root], ROOT_THRESHOLD) };
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST')) throw cause;
    throw new KeysError(
      'keys_exist',
      path,
      `make keys: found ${path}, wanted a directory without keys; keys are never overwritten`,
      { cause },
    );
  }
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT') || hasCode(cause, 'ENOTDIR')) {
      throw new KeysError(
        'keys_missing',
        path,
        `read keys: found no ${path}; make keys with keys init, or name their directory with --keys`,
        { cause },
      );
    }
    throw new KeysError('keys_unreadable', path, `read keys: ${path} cannot be read: ${String(cause)}`, { cause });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
