import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyDirectory, readPublicKeys, readSigner } from './key-directory.ts';
import { generateSigningKey } from './signing-key.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keys-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('key directory', () => {
  it('keeps private keys readable by their owner alone and gives the same fingerprint when read again', async () => {
    const made = await createKeyDirectory(directory);
    expect(await readPublicKeys(directory)).toEqual(made);
    expect(made.rootFingerprint).toMatch(/^[0-9a-f]{64}$/);
    for (const name of ['root.pem', 'release.pem']) {
      const file = join(directory, name);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readFile(file, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    }
    expect((await readSigner(directory, 'root')).key).toEqual(made.root);
    expect((await readSigner(directory, 'release')).key).toEqual(made.release);
  });

  it('never writes over a key', async () => {
    const made = await createKeyDirectory(directory);
    await expect(createKeyDirectory(directory)).rejects.toMatchObject({ code: 'keys_exist' });
    expect(await readPublicKeys(directory)).toEqual(made);
  });

  it('serves the release key when the root key has been taken offline', async () => {
    const made = await createKeyDirectory(directory);
    await rm(join(directory, 'root.pem'));
    expect((await readSigner(directory, 'release')).key).toEqual(made.release);
    await expect(readSigner(directory, 'root')).rejects.toMatchObject({ code: 'keys_missing' });
  });

  it('names a missing directory, a damaged file and a key of another set', async () => {
    await expect(readSigner(join(directory, 'none'), 'root')).rejects.toMatchObject({ code: 'keys_missing' });
    await createKeyDirectory(directory);
    await writeFile(join(directory, 'release.pem'), generateSigningKey().privateKeyPem);
    await expect(readSigner(directory, 'release')).rejects.toMatchObject({ code: 'keys_malformed' });
    await writeFile(join(directory, 'release.pem'), 'junk');
    await expect(readSigner(directory, 'release')).rejects.toMatchObject({ code: 'keys_malformed' });
    await writeFile(join(directory, 'public.json'), '[1]');
    await expect(readPublicKeys(directory)).rejects.toMatchObject({ code: 'keys_malformed' });
  });
});
