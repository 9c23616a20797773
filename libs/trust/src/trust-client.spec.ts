import { encodeChannelRecord } from '@swarmpatch/release';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { CLOCK_MS_MIN, metadataBytesMax, roleLifetimeMs } from './roles.ts';
import { MemoryCache, NOW_MS, ScratchRepository, signerOf } from './testing/scratch-repository.contract.ts';
import { TrustClient } from './trust-client.ts';
import { TrustError, type TrustErrorCode } from './trust-error.ts';

const text = (value: string): Uint8Array => Buffer.from(value);

let repository: ScratchRepository;
let cache: MemoryCache;

beforeEach(() => {
  repository = new ScratchRepository('starfall');
  cache = new MemoryCache();
});

function open(options: { game?: string; rootFingerprint?: string } = {}): Promise<TrustClient> {
  return TrustClient.open({ game: 'starfall', rootFingerprint: repository.rootFingerprint, cache, ...options });
}

async function refreshed(): Promise<TrustClient> {
  const client = await open();
  await client.refresh(repository, repository.nowMs);
  return client;
}

function publish(path: string, content: string): void {
  repository.addTarget(path, text(content));
  repository.signTargets();
  repository.signOnline();
}

async function refusal(task: Promise<unknown>): Promise<TrustErrorCode> {
  const error = await task.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TrustError);
  return (error as TrustError).code;
}

describe('TrustClient', () => {
  it('follows publication after publication and serves targets of the signed length and hash', async () => {
    const client = await refreshed();
    expect(client.targetsVersion).toBe(1);
    publish('releases/1.0.0/manifest.json', 'one');
    await client.refresh(repository, NOW_MS);
    expect(client.targetsVersion).toBe(2);
    expect(Buffer.from(await client.fetchTarget(repository, 'releases/1.0.0/manifest.json')).toString()).toBe('one');
    expect(client.isStale(NOW_MS)).toBe(false);
    expect(client.cacheFindings).toEqual([]);
  });

  it('measures expiry by the given time and never by the clock of the machine', async () => {
    repository.nowMs = Date.UTC(2300, 1, 1);
    repository.versions.root = 0;
    repository.signRoot(repository.root);
    repository.signTargets();
    repository.signOnline();
    await refreshed();
    repository.nowMs = CLOCK_MS_MIN;
    repository.versions.root = 0;
    repository.signRoot(repository.root);
    repository.signTargets();
    repository.signOnline();
    cache = new MemoryCache();
    await refreshed();
  });

  it.each([0, 12_345, CLOCK_MS_MIN - 1])(
    'refuses a clock at %s ms, under which nothing would ever expire',
    async (nowMs) => {
      expect(await refusal((await open()).refresh(repository, nowMs))).toBe('wrong_clock');
      expect((await refreshed()).isStale(nowMs)).toBe(true);
    },
  );

  it('opens offline with what it trusted last, and calls it stale once it has expired', async () => {
    publish('channels/stable.json', 'record');
    await refreshed();
    const offline = await open();
    expect(offline.targets.has('channels/stable.json')).toBe(true);
    expect(offline.isStale(NOW_MS)).toBe(false);
    expect(offline.isStale(NOW_MS + roleLifetimeMs.timestamp)).toBe(true);
    expect(
      (
        await TrustClient.open({
          game: 'starfall',
          rootFingerprint: repository.rootFingerprint,
          cache: new MemoryCache(),
        })
      ).isStale(0),
    ).toBe(true);
  });

  it('asks for nothing but newer roots and the timestamp when nothing has changed', async () => {
    await refreshed();
    repository.asked.length = 0;
    await refreshed();
    expect(repository.asked).toEqual(['2.root.json', 'timestamp.json']);
  });

  it('refuses a root with another fingerprint and keeps nothing of it', async () => {
    const client = await open({ rootFingerprint: '0'.repeat(64) });
    expect(await refusal(client.refresh(repository, NOW_MS))).toBe('wrong_root');
    expect(cache.files.size).toBe(0);
  });

  it('refuses a root that its own keys did not sign', async () => {
    repository.versions.root = 0;
    repository.signRoot([signerOf('stranger')]);
    expect(await refusal(refreshed())).toBe('bad_signature');
    expect(cache.files.size).toBe(0);
  });

  it('refuses the repository of another game that has the same keys', async () => {
    const other = new ScratchRepository('moonrise');
    expect(await refusal((await open()).refresh(other, NOW_MS))).toBe('wrong_game');
    await refreshed();
    for (const name of ['timestamp.json', '1.snapshot.json', '1.targets.json']) {
      cache = new MemoryCache();
      const files = repository.copyFiles();
      repository.files.set(name, other.file(name));
      expect(await refusal(refreshed()), name).toMatch(/wrong_game|mixed_metadata/);
      repository.serve(files);
    }
  });

  it('refuses an older repository that is replayed whole', async () => {
    const before = repository.copyFiles();
    publish('releases/1.0.0/manifest.json', 'one');
    const client = await refreshed();
    repository.serve(before);
    expect(await refusal(client.refresh(repository, NOW_MS))).toBe('rolled_back');
    expect(await refusal(refreshed())).toBe('rolled_back');
    expect(client.targetsVersion).toBe(2);
  });

  it('refuses a newer timestamp that names an older snapshot', async () => {
    publish('releases/1.0.0/manifest.json', 'one');
    await refreshed();
    repository.versions.snapshot = 1;
    repository.signTimestamp();
    expect(await refusal(refreshed())).toBe('rolled_back');
  });

  it('refuses a newer snapshot that names older targets', async () => {
    publish('releases/1.0.0/manifest.json', 'one');
    await refreshed();
    repository.versions.targets = 1;
    repository.signOnline();
    expect(await refusal(refreshed())).toBe('rolled_back');
  });

  it('follows newer targets that point back at older content: a signed rollback', async () => {
    publish('channels/stable.json', 'names 1.0.0');
    publish('channels/stable.json', 'names 1.1.0');
    await refreshed();
    publish('channels/stable.json', 'names 1.0.0');
    const client = await refreshed();
    expect(Buffer.from(await client.fetchTarget(repository, 'channels/stable.json')).toString()).toBe('names 1.0.0');
  });

  it('reports a frozen repository as expired and goes on showing what it trusted', async () => {
    publish('releases/1.0.0/manifest.json', 'one');
    const client = await refreshed();
    const later = NOW_MS + roleLifetimeMs.timestamp;
    expect(await refusal(client.refresh(repository, later))).toBe('expired');
    expect(await refusal((await open()).refresh(repository, later))).toBe('expired');
    expect(client.targets.has('releases/1.0.0/manifest.json')).toBe(true);
    expect(client.isStale(later)).toBe(true);
  });

  it.each(['root', 'targets', 'snapshot'] as const)(
    'reports expired %s metadata under a fresh timestamp',
    async (role) => {
      repository.nowMs = NOW_MS - roleLifetimeMs[role];
      if (role === 'root') {
        repository.versions.root = 0;
        repository.signRoot(repository.root);
      }
      if (role === 'targets') repository.signTargets();
      repository.signSnapshot();
      repository.nowMs = NOW_MS;
      if (role === 'targets') repository.signSnapshot();
      repository.signTimestamp();
      expect(await refusal(refreshed())).toBe('expired');
    },
  );

  it('refuses files that are genuine one by one but do not belong together', async () => {
    const first = repository.copyFiles();
    publish('releases/1.0.0/manifest.json', 'one');
    const files = repository.copyFiles();
    for (const [name, stand_in] of [
      ['2.snapshot.json', '1.snapshot.json'],
      ['2.targets.json', '1.targets.json'],
    ] as const) {
      repository.serve(files);
      repository.files.set(name, first.get(stand_in) ?? text(''));
      cache = new MemoryCache();
      expect(await refusal(refreshed()), name).toBe('mixed_metadata');
    }
  });

  it('refuses online metadata by a key that the root does not name', async () => {
    repository.signOnline(signerOf('stranger'));
    expect(await refusal(refreshed())).toBe('bad_signature');
  });

  it('refuses targets that the online key signed: a stolen origin cannot name releases', async () => {
    repository.signTargets([repository.online]);
    repository.signOnline();
    expect(await refusal(refreshed())).toBe('bad_signature');
  });

  it('names the file that the repository lacks', async () => {
    for (const name of ['1.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']) {
      cache = new MemoryCache();
      const files = repository.copyFiles();
      repository.files.delete(name);
      expect(await refusal(refreshed()), name).toBe('missing_metadata');
      repository.serve(files);
    }
  });

  it('refuses metadata past its size before reading it', async () => {
    const huge = Buffer.alloc(metadataBytesMax.timestamp + 1, ' ');
    repository.files.set('timestamp.json', huge);
    const careless = { fetch: (name: string) => Promise.resolve(repository.files.get(name)) };
    expect(await refusal((await open()).refresh(careless, NOW_MS))).toBe('metadata_too_large');
  });

  it('keeps what a refresh had verified when a later file fails, so that nothing older is taken next time', async () => {
    await refreshed();
    const before = repository.copyFiles();
    publish('releases/1.0.0/manifest.json', 'one');
    repository.files.delete('2.targets.json');
    expect(await refusal(refreshed())).toBe('missing_metadata');
    repository.serve(before);
    expect(await refusal(refreshed())).toBe('rolled_back');
  });

  it('refuses a target whose bytes are not the signed ones, that is missing, or that nobody signed', async () => {
    repository.addTarget('releases/1.0.0/manifest.json', text('genuine'));
    repository.addTarget('releases/1.1.0/manifest.json', text('gone'));
    repository.signTargets();
    repository.signOnline();
    const client = await refreshed();
    for (const name of repository.files.keys()) {
      if (name.startsWith('targets/releases/1.0.0/')) repository.files.set(name, text('forgery'));
      if (name.startsWith('targets/releases/1.1.0/')) repository.files.delete(name);
    }
    expect(await refusal(client.fetchTarget(repository, 'releases/1.0.0/manifest.json'))).toBe('target_mismatch');
    expect(await refusal(client.fetchTarget(repository, 'releases/1.1.0/manifest.json'))).toBe('missing_target');
    expect(await refusal(client.fetchTarget(repository, '__proto__'))).toBe('unknown_target');
    expect(
      await refusal(
        (await TrustClient.open({ game: 'starfall', rootFingerprint: '', cache: new MemoryCache() })).fetchTarget(
          repository,
          'x',
        ),
      ),
    ).toBe('not_refreshed');
  });

  it('refuses a channel record of another channel under the name of this one', async () => {
    const record = encodeChannelRecord({ format: 1, game: 'starfall', channel: 'beta', version: '1.0.0', history: [] });
    repository.addTarget('channels/stable.json', record);
    repository.addTarget('channels/beta.json', record);
    repository.signTargets();
    repository.signOnline();
    const client = await refreshed();
    expect((await client.fetchChannel(repository, 'beta')).version).toBe('1.0.0');
    expect(await refusal(client.fetchChannel(repository, 'stable'))).toBe('wrong_game');
  });
});

describe('key rotation', () => {
  it('follows a new root that the old and the new root keys signed', async () => {
    await refreshed();
    const old = repository.root;
    repository.root = [signerOf('root 2')];
    repository.signRoot([...old, ...repository.root]);
    repository.signRoot(repository.root);
    const client = await refreshed();
    expect(client.keysOf('root').keys).toEqual([signerOf('root 2').key]);
    expect((await open()).keysOf('root').keys).toEqual([signerOf('root 2').key]);
    cache = new MemoryCache();
    expect((await refreshed()).keysOf('root').keys).toEqual([signerOf('root 2').key]);
  });

  it.each([
    ['the old keys did not sign', ['root 2']],
    ['its own keys did not sign', ['root']],
  ])('refuses a new root that %s', async (_, labels) => {
    repository.root = [signerOf('root 2')];
    repository.signRoot(labels.map(signerOf));
    expect(await refusal(refreshed())).toBe('bad_signature');
    expect([...cache.files.keys()]).toEqual(['1.root.json']);
  });

  it('refuses a root that skips a version', async () => {
    repository.versions.root = 2;
    repository.signRoot(repository.root);
    repository.files.set('2.root.json', repository.file('3.root.json'));
    expect(await refusal(refreshed())).toBe('mixed_metadata');
  });

  it('takes releases from a new release key alone once the root says so', async () => {
    publish('releases/1.0.0/manifest.json', 'one');
    await refreshed();
    repository.release = [signerOf('release 2')];
    repository.signRoot(repository.root);
    repository.signTargets([signerOf('release')]);
    repository.signOnline();
    expect(await refusal(refreshed())).toBe('bad_signature');
    repository.signTargets();
    repository.signOnline();
    expect((await refreshed()).targetsVersion).toBe(4);
  });

  it('starts the counters again when the online key is replaced, so that a thief cannot have used them up', async () => {
    repository.versions.timestamp = 1_000_000;
    repository.versions.snapshot = 1_000_000;
    repository.signOnline();
    await refreshed();
    repository.online = signerOf('online 2');
    repository.signRoot(repository.root);
    repository.versions.timestamp = 2;
    repository.versions.snapshot = 2;
    repository.signOnline();
    const client = await refreshed();
    expect(client.targetsVersion).toBe(1);
    expect(client.cacheFindings.every(({ found }) => found === 'refused')).toBe(true);
  });

  it('counts no key twice towards a threshold', async () => {
    const root = JSON.parse(Buffer.from(repository.file('1.root.json')).toString()) as {
      signed: { keys: Record<string, unknown>; roles: { targets: { keyids: string[]; threshold: number } } };
    };
    const [keyId = ''] = root.signed.roles.targets.keyids;
    root.signed.keys['f'.repeat(64)] = root.signed.keys[keyId];
    root.signed.roles.targets = { keyids: [keyId, 'f'.repeat(64)], threshold: 2 };
    repository.files.set('1.root.json', text(JSON.stringify(root)));
    expect(await refusal(refreshed())).toBe('malformed_metadata');
  });
});

describe('cache', () => {
  it('tells a damaged file from a missing one and recovers from the repository', async () => {
    publish('releases/1.0.0/manifest.json', 'one');
    await refreshed();
    for (const name of [...cache.files.keys()]) {
      const whole = new Map(cache.files);
      cache.files.set(name, text('{"signed":'));
      const client = await open();
      expect(client.cacheFindings, name).toMatchObject([{ file: name, found: 'corrupt' }]);
      await client.refresh(repository, NOW_MS);
      expect(client.targetsVersion).toBe(2);
      expect(new Map(cache.files), name).toEqual(whole);
      cache.files.delete(name);
      expect((await open()).cacheFindings, name).toEqual([]);
      await refreshed();
    }
  });

  it('does not believe a root that somebody put into the cache', async () => {
    const forged = new ScratchRepository('starfall');
    forged.root = [signerOf('thief')];
    forged.versions.root = 0;
    forged.signRoot(forged.root);
    cache.files.set('1.root.json', forged.file('1.root.json'));
    const client = await open();
    expect(client.cacheFindings).toMatchObject([{ file: '1.root.json', found: 'refused' }]);
    await client.refresh(repository, NOW_MS);
  });
});

describe('hostile bytes', () => {
  const names = ['1.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json'];

  it('gives a TrustError for arbitrary bytes and for damaged files, and trusts none of them', async () => {
    const damage = fc.record({ name: fc.constantFrom(...names), at: fc.nat(), byte: fc.nat(255), cut: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(damage, async ({ name, at, byte, cut }) => {
        const scratch = new ScratchRepository('starfall');
        const bytes = Buffer.from(scratch.file(name));
        const place = at % bytes.length;
        const changed = cut ? bytes.subarray(0, place) : Buffer.from(bytes);
        if (!cut) changed[place] = byte;
        scratch.files.set(name, changed);
        const client = await TrustClient.open({
          game: 'starfall',
          rootFingerprint: scratch.rootFingerprint,
          cache: new MemoryCache(),
        });
        const error: unknown = await client.refresh(scratch, NOW_MS).catch((reason: unknown) => reason);
        if (error === undefined) expect(sameMeaning(bytes, changed)).toBe(true);
        else expect(error).toBeInstanceOf(TrustError);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['nesting', `{"signed":${'{"a":'.repeat(2000)}1${'}'.repeat(2000)},"signatures":[]}`],
    [
      'a fractional version',
      '{"signed":{"_type":"timestamp","spec_version":"1.0.31","version":1.5,"expires":"2030-01-01T00:00:00Z","game":"starfall","meta":{}},"signatures":[]}',
    ],
    [
      'an expiry that is no date',
      '{"signed":{"_type":"timestamp","spec_version":"1.0.31","version":2,"expires":"never","game":"starfall","meta":{}},"signatures":[]}',
    ],
    ['another type', '{"signed":{"_type":"root"},"signatures":[]}'],
    ['an array', '[]'],
    ['bytes that are not UTF-8', '\u0000\u00ff'],
  ])('refuses %s as malformed', async (_, document) => {
    repository.files.set('timestamp.json', Buffer.from(document, 'latin1'));
    expect(await refusal(refreshed())).toBe('malformed_metadata');
  });
});

/** A changed byte outside the signed part and the signatures, such as white space at the end, changes nothing. */
function sameMeaning(left: Uint8Array, right: Uint8Array): boolean {
  const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());
  const [one, other] = [parse(left), parse(right)] as { signed: unknown }[];
  return JSON.stringify(one?.signed) === JSON.stringify(other?.signed);
}
