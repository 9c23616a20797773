import { beforeEach, describe, expect, it } from 'vitest';
import { createRoot, createTargets, describeTarget, expiryOf } from './create-metadata.ts';
import { rootFingerprintOf } from './keys.ts';
import type { Signer } from './ports.ts';
import { verifyFirstTrust, verifyNextTargets } from './publication.ts';
import type { RoleName } from './roles.ts';
import { NOW_MS, ScratchRepository, signerOf } from './testing/scratch-repository.contract.ts';

const online = signerOf('online');
let repository: ScratchRepository;

beforeEach(() => {
  repository = new ScratchRepository('starfall');
});

function first(overrides: Partial<Parameters<typeof verifyFirstTrust>[0]> = {}): ReturnType<typeof verifyFirstTrust> {
  return verifyFirstTrust({
    game: 'starfall',
    root: repository.file('1.root.json'),
    targets: repository.file('1.targets.json'),
    onlineKey: online.key,
    nowMs: NOW_MS,
    ...overrides,
  });
}

function rootOf(roles: Partial<Record<RoleName, Signer>>): Uint8Array {
  const role = (name: RoleName): { keys: Signer['key'][]; threshold: number } => {
    const fallback = name === 'snapshot' || name === 'timestamp' ? online : signerOf('root');
    return { keys: [(roles[name] ?? fallback).key], threshold: 1 };
  };
  return createRoot({
    game: 'starfall',
    version: 1,
    expiresMs: expiryOf('root', NOW_MS),
    signers: [roles.root ?? signerOf('root')],
    roles: { root: role('root'), targets: role('targets'), snapshot: role('snapshot'), timestamp: role('timestamp') },
  });
}

function next(
  signer: Signer,
  overrides: { version?: number; expiresMs?: number; game?: string; patchesKey?: Signer['key'] } = {},
): Uint8Array {
  const options = { game: 'starfall', version: 2, expiresMs: expiryOf('targets', NOW_MS), ...overrides };
  return createTargets({ ...options, signers: [signer], targets: repository.targets });
}

function check(bytes: Uint8Array): ReturnType<typeof verifyNextTargets> {
  const [root, current] = [
    repository.file('1.root.json'),
    repository.file(`${repository.versions.targets}.targets.json`),
  ];
  return verifyNextTargets({ game: 'starfall', root, current, next: bytes, nowMs: NOW_MS });
}

describe('verifyFirstTrust()', () => {
  it('gives the fingerprint that was known before the root was', () => {
    expect(first().rootFingerprint).toBe(rootFingerprintOf([signerOf('root').key], 1));
  });

  it.each([
    ['snapshot', signerOf('stranger')],
    ['timestamp', signerOf('stranger')],
    ['targets', online],
    ['root', online],
  ] as const)('refuses a root that gives %s to the wrong side', (role, signer) => {
    expect(() => first({ root: rootOf({ [role]: signer }) })).toThrow(expect.objectContaining({ code: 'bad_root' }));
  });

  it('refuses the trust of another game, unsigned targets and a later targets version', () => {
    expect(() => first({ game: 'moonrise' })).toThrow(expect.objectContaining({ code: 'wrong_game' }));
    expect(() => first({ targets: next(signerOf('stranger'), { version: 1 }) })).toThrow(
      expect.objectContaining({ code: 'bad_signature' }),
    );
    expect(() => first({ targets: next(signerOf('release')) })).toThrow(
      expect.objectContaining({ code: 'targets_version_conflict' }),
    );
  });
});

describe('verifyNextTargets()', () => {
  it('takes the next version by a release key and tells what it names', () => {
    repository.addTarget('channels/stable.json', Buffer.from('record'));
    expect(check(next(signerOf('release'))).targets.get('channels/stable.json')).toEqual(
      describeTarget(Buffer.from('record')),
    );
  });

  it('refuses other keys, other games, expired metadata and any version but the next', () => {
    const refused: [Uint8Array, string][] = [
      [next(signerOf('stranger')), 'bad_signature'],
      [next(online), 'bad_signature'],
      [next(signerOf('release'), { game: 'moonrise' }), 'wrong_game'],
      [next(signerOf('release'), { expiresMs: NOW_MS }), 'expired'],
      [next(signerOf('release'), { version: 1 }), 'targets_version_conflict'],
      [next(signerOf('release'), { version: 3 }), 'targets_version_conflict'],
      [Buffer.from('{}'), 'malformed_metadata'],
    ];
    for (const [bytes, code] of refused) expect(() => check(bytes)).toThrow(expect.objectContaining({ code }));
  });

  it('takes targets that let the origin list patches, and refuses ones that let somebody else', () => {
    const release = signerOf('release');
    expect(check(next(release)).patchesKeyId).toBeUndefined();
    expect(check(next(release, { patchesKey: online.key })).patchesKeyId).toBe(online.key.keyId);
    for (const other of [release, signerOf('stranger')]) {
      expect(() => check(next(release, { patchesKey: other.key }))).toThrow(
        expect.objectContaining({ code: 'bad_delegation' }),
      );
    }
  });

  it('lets a channel move and a release go, and never lets a release change', () => {
    const release = signerOf('release');
    repository.addTarget('releases/1.0.0/manifest.json', Buffer.from('one'));
    repository.addTarget('channels/stable.json', Buffer.from('one'));
    repository.signTargets();
    repository.addTarget('channels/stable.json', Buffer.from('two'));
    expect(check(next(release, { version: 3 })).version).toBe(3);
    repository.targets.delete('releases/1.0.0/manifest.json');
    expect(check(next(release, { version: 3 })).version).toBe(3);
    repository.addTarget('releases/1.0.0/manifest.json', Buffer.from('two'));
    expect(() => check(next(release, { version: 3 }))).toThrow(expect.objectContaining({ code: 'release_changed' }));
  });
});
