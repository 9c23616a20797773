import { encodePatchListing, type PatchEntry } from '@swarmpatch/release';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTargets, expiryOf } from './create-metadata.ts';
import { manifestTargetPath, metadataBytesMax, roleLifetimeMs } from './roles.ts';
import { MemoryCache, NOW_MS, ScratchRepository, signerOf } from './testing/scratch-repository.contract.ts';
import { TrustClient } from './trust-client.ts';
import { TrustError, type TrustErrorCode } from './trust-error.ts';

let repository: ScratchRepository;
let cache: MemoryCache;

beforeEach(() => {
  repository = new ScratchRepository('starfall');
  repository.patchesKey = repository.online.key;
  cache = new MemoryCache();
  for (const version of ['1.0.0', '1.1.0']) {
    repository.addTarget(manifestTargetPath(version), Buffer.from(`manifest of ${version}`));
  }
  repository.signTargets();
});

function patch(from: string, to: string): PatchEntry {
  return {
    from,
    to,
    fromInfohashV2: 'a'.repeat(64),
    toInfohashV2: 'b'.repeat(64),
    bytes: 1000,
    torrent: { infohashV1: 'c'.repeat(40), infohashV2: 'd'.repeat(64) },
    writtenBytes: 5000,
    oldReadBytes: 4000,
  };
}

function listingOf(...patches: PatchEntry[]): Uint8Array {
  return encodePatchListing({ format: 1, game: 'starfall', patches });
}

/** Signs the listing and what pins it. */
function offer(listing: Uint8Array = listingOf(patch('1.0.0', '1.1.0'))): void {
  repository.signPatches(listing);
  repository.signOnline();
}

async function refreshed(): Promise<TrustClient> {
  const client = await TrustClient.open({ game: 'starfall', rootFingerprint: repository.rootFingerprint, cache });
  await client.refresh(repository, repository.nowMs);
  return client;
}

async function patches(): Promise<PatchEntry[]> {
  return (await refreshed()).fetchPatches(repository);
}

async function refusal(task: Promise<unknown>): Promise<TrustErrorCode> {
  const error = await task.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TrustError);
  return (error as TrustError).code;
}

describe('fetchPatches()', () => {
  it('gives what the origin signed, and follows it', async () => {
    offer();
    expect(await patches()).toEqual([patch('1.0.0', '1.1.0')]);
    offer(listingOf(patch('1.0.0', '1.1.0'), patch('1.1.0', '1.0.0')));
    const client = await refreshed();
    expect(await client.fetchPatches(repository)).toHaveLength(2);
    expect(await client.fetchPatches(repository)).toHaveLength(2);
  });

  it('gives none where the studio delegated nothing, and where the origin has listed nothing', async () => {
    repository.signOnline();
    expect(await patches()).toEqual([]);
    repository.patchesKey = undefined;
    repository.signTargets();
    offer();
    expect(await patches()).toEqual([]);
  });

  it('leaves out patches from and to versions that no studio signed', async () => {
    offer(listingOf(patch('1.0.0', '6.6.6'), patch('6.6.6', '1.1.0'), patch('1.0.0', '1.1.0')));
    expect(await patches()).toEqual([patch('1.0.0', '1.1.0')]);
  });

  it('refuses a listing that another key signed, and keeps the rest of the trust', async () => {
    repository.signPatches(listingOf(), signerOf('stranger'));
    repository.signOnline();
    const client = await refreshed();
    expect(await refusal(client.fetchPatches(repository))).toBe('bad_signature');
    expect(client.isStale(NOW_MS)).toBe(false);
    expect(client.target(manifestTargetPath('1.0.0'))).toBeDefined();
  });

  it('refuses targets metadata by the online key in the place of the listing', async () => {
    const version = (repository.versions.patches += 1);
    const expiresMs = expiryOf('patches', NOW_MS);
    const signers = [repository.online];
    const bytes = createTargets({ game: 'starfall', version, expiresMs, signers, targets: repository.targets });
    repository.files.set('1.patches.json', bytes);
    repository.signOnline();
    expect(await refusal(patches())).toBe('malformed_metadata');
  });

  it('refuses an older listing than the snapshot names, one of another game, and one that has expired', async () => {
    offer();
    const older = repository.file('1.patches.json');
    offer(listingOf(patch('1.1.0', '1.0.0')));
    expect(repository.file('2.patches.json')).toHaveLength(older.length);
    repository.files.set('2.patches.json', older);
    expect(await refusal(patches())).toBe('mixed_metadata');
    offer(encodePatchListing({ format: 1, game: 'moonrise', patches: [] }));
    expect(await refusal(patches())).toBe('wrong_game');
    repository.signPatches(listingOf(), repository.online, NOW_MS);
    repository.signOnline();
    expect(await refusal(patches())).toBe('expired');
  });

  it('names the file that is missing, too large, or not the signed one', async () => {
    offer();
    repository.files.delete('1.patches.json');
    expect(await refusal(patches())).toBe('missing_metadata');
    repository.files.set('1.patches.json', Buffer.alloc(metadataBytesMax.patches + 1, ' '));
    const careless = { fetch: (name: string) => Promise.resolve(repository.files.get(name)) };
    expect(await refusal((await refreshed()).fetchPatches(careless))).toBe('metadata_too_large');
    offer();
    const listing = [...repository.files.keys()].find((name) => name.startsWith('targets/patches/')) ?? '';
    repository.files.set(listing, Buffer.from('{}'));
    expect(await refusal(patches())).toBe('target_mismatch');
    repository.files.delete(listing);
    expect(await refusal(patches())).toBe('missing_target');
    const client = await TrustClient.open({ game: 'starfall', rootFingerprint: '', cache: new MemoryCache() });
    expect(await refusal(client.fetchPatches(repository))).toBe('not_refreshed');
  });

  it('does not make the game stale when only the listing runs out', async () => {
    repository.signPatches(listingOf(), repository.online, NOW_MS + 1000);
    repository.signOnline();
    const client = await refreshed();
    await client.fetchPatches(repository);
    expect(client.expiresMs).toBe(NOW_MS + roleLifetimeMs.timestamp);
  });

  it('gives a TrustError for damaged metadata of the listing', async () => {
    offer();
    const good = Buffer.from(repository.file('1.patches.json'));
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
        const bytes = cut ? good.subarray(0, at) : Buffer.from(good);
        if (!cut) bytes[at] = byte;
        repository.files.set('1.patches.json', bytes);
        const error: unknown = await patches().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) expect(bytes.equals(good)).toBe(true);
        else expect(error).toBeInstanceOf(TrustError);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the delegation', () => {
  type Delegations = { keys: Record<string, unknown>; roles: Record<string, unknown>[]; extra?: unknown };

  it.each<[string, (delegations: Delegations) => void]>([
    ['another role', ({ roles: [role = {}] }) => (role['name'] = 'releases')],
    ['two roles', ({ roles }) => roles.push({ ...roles[0] })],
    ['more paths', ({ roles: [role = {}] }) => (role['paths'] = ['patches/*', 'releases/*/*'])],
    ['paths by hash', ({ roles: [role = {}] }) => (role['path_hash_prefixes'] = [''])],
    ['a threshold of none', ({ roles: [role = {}] }) => (role['threshold'] = 0)],
    ['no key', ({ roles: [role = {}] }) => (role['keyids'] = [])],
    [
      'a key under a false id',
      (delegations) => (delegations.keys = { ['f'.repeat(64)]: Object.values(delegations.keys)[0] }),
    ],
    ['hashed bins', (delegations) => (delegations.extra = {})],
  ])('is refused with %s', async (_, change) => {
    const name = `${repository.versions.targets}.targets.json`;
    const document = JSON.parse(Buffer.from(repository.file(name)).toString()) as {
      signed: { delegations: Delegations };
    };
    change(document.signed.delegations);
    repository.files.set(name, Buffer.from(JSON.stringify(document)));
    repository.signOnline();
    expect(await refusal(refreshed())).toBe('malformed_metadata');
  });
});
