import type { Manifest } from '@swarmpatch/release';
import { describe, expect, it } from 'vitest';
import { bindJournal } from './journal-binding.ts';
import { checkJournal, type Journal } from './journal.ts';

const installed = { version: '1.1.0', manifestSha256: 'm', torrentSha256: 't' };
const journal: Journal = {
  from: { ...installed, version: '1.0.0' },
  state: {
    installId: 'i',
    game: 'starfall',
    origin: 'http://127.0.0.1',
    channel: 'stable',
    rootFingerprint: '0',
    fingerprintFrom: 'given',
    installed,
    history: ['1.0.0'],
    refreshFailed: false,
    suspect: false,
  },
  entry: {
    ...{ atMs: 1_700_000_000_000, command: 'update', from: '1.0.0', to: '1.1.0', plan: 'pieces' },
    bytes: { fromPeers: 1, fromWebSeeds: 2, reused: 3, written: 4 },
  },
  undo: [{ path: 'old/a.txt', piecesRoot: '0f'.repeat(32) }],
  found: [{ path: 'old/a.txt', kind: 'file', lengthBytes: 3, mtimeMs: 4 }],
  removed: ['old/a.txt'],
  leftDirectories: ['old'],
  kept: [{ path: 'data', to: '.swarmpatch/kept/1.1.0/data' }],
  directories: ['data'],
  placements: [
    { from: '.swarmpatch/staging/content/ab', path: 'data/a', lengthBytes: 1, mtimeMs: 5, piecesRoot: 'ab' },
  ],
  rewrites: [
    {
      from: '.swarmpatch/staging/content/cd',
      path: 'world.pak',
      lengthBytes: 40_000,
      oldLengthBytes: 50_000,
      piecesRoot: 'cd',
      runs: [{ first: 1, count: 2 }],
    },
  ],
  modes: [{ path: 'run', executable: true }],
};

function manifest(version: string, files: Manifest['files']): Manifest {
  return {
    format: 1,
    game: 'starfall',
    version,
    name: `starfall-${version}`,
    files,
    bytes: 0,
    torrent: { infohashV1: '', infohashV2: '', pieceLength: 16_384 },
    webSeeds: [],
  };
}

const files: Manifest['files'] = [
  { path: 'data/a', length: 1, piecesRoot: 'ab' },
  { path: 'run', length: 1, piecesRoot: 'ef', executable: true },
  { path: 'world.pak', length: 40_000, piecesRoot: 'cd' },
];
const target = manifest('1.1.0', files);
const before = manifest('1.0.0', [{ path: 'old/a.txt', length: 1, piecesRoot: '0f'.repeat(32) }]);

describe('checkJournal()', () => {
  it('takes a whole journal', () => {
    expect(checkJournal(JSON.parse(JSON.stringify(journal)))).toEqual(journal);
  });

  it.each([
    '../out',
    '/etc/passwd',
    'a/../../b',
    '',
    'a//b',
    './a',
    'a\\b',
    'a\0b',
    '.swarmpatch/state',
    '.swarmpatch',
  ])('refuses %j wherever an owned path stands', (path) => {
    const [placement] = journal.placements;
    const [rewrite] = journal.rewrites;
    for (const change of [
      { undo: [{ path, piecesRoot: '0f'.repeat(32) }] },
      { found: [{ path, kind: 'file', lengthBytes: 3, mtimeMs: 4 }] },
      { removed: [path] },
      { leftDirectories: [path] },
      { directories: [path] },
      { kept: [{ path, to: '.swarmpatch/kept/1/a' }] },
      { placements: [{ ...placement, path }] },
      { rewrites: [{ ...rewrite, path }] },
      { modes: [{ path, executable: true }] },
    ]) {
      expect(() => checkJournal({ ...journal, ...change })).toThrow(expect.objectContaining({ code: 'state_corrupt' }));
    }
  });

  it('refuses to place what is not staged, and to keep files elsewhere', () => {
    const [placement] = journal.placements;
    const [rewrite] = journal.rewrites;
    for (const change of [
      { placements: [{ ...placement, from: 'data/b' }] },
      { rewrites: [{ ...rewrite, from: 'data/b' }] },
      { rewrites: [{ ...rewrite, runs: [{ first: -1, count: 1 }] }] },
      { rewrites: [{ ...rewrite, runs: [{ first: 0, count: 1.5 }] }] },
      { placements: [{ ...placement, from: '.swarmpatch/staging/../state' }] },
      { kept: [{ path: 'a', to: 'b' }] },
      { undo: [{ path: 'a', piecesRoot: '../state' }] },
      { entry: { ...journal.entry, atMs: 9e15 } },
    ]) {
      expect(() => checkJournal({ ...journal, ...change })).toThrow(expect.objectContaining({ code: 'state_corrupt' }));
    }
  });
});

describe('bindJournal()', () => {
  it('takes a journal of the two signed releases', () => {
    expect(() => bindJournal(journal, target, before)).not.toThrow();
  });

  it('refuses content that the target does not have', () => {
    const other = manifest('1.1.0', [{ path: 'data/a', length: 1, piecesRoot: 'cd' }, ...files.slice(1)]);
    expect(() => bindJournal(journal, other, before)).toThrow(/content for data\/a/);
    expect(() => bindJournal(journal, manifest('1.1.0', []), before)).toThrow(/content for data\/a/);
    const without = manifest('1.1.0', files.slice(0, 2));
    expect(() => bindJournal(journal, without, before)).toThrow(/content for world.pak/);
  });

  it('refuses removals of what nobody owns', () => {
    expect(() => bindJournal(journal, target, manifest('1.0.0', []))).toThrow(/removal of old\/a.txt/);
    expect(() => bindJournal(journal, target, undefined)).toThrow(/removal of old\/a.txt/);
  });

  it.each([
    [{ undo: [{ path: 'old/a.txt', piecesRoot: 'f0'.repeat(32) }] }, /content of old.a.txt/],
    [{ undo: [{ path: 'mods/a', piecesRoot: '0f'.repeat(32) }] }, /content of mods.a/],
    [{ found: [{ path: 'mods', kind: 'link', lengthBytes: 0, mtimeMs: 4 } as const] }, /mods, which neither/],
    [{ leftDirectories: ['mods'] }, /removal of mods/],
    [{ directories: ['mods'] }, /directory mods/],
    [{ kept: [{ path: 'saves', to: '.swarmpatch/kept/1.1.0/saves' }] }, /saves moved aside/],
    [{ modes: [{ path: 'run', executable: false }] }, /mode for run/],
    [{ modes: [{ path: 'saves', executable: true }] }, /mode for saves/],
    [
      { rewrites: journal.rewrites.map((each) => ({ ...each, runs: [{ first: 2, count: 2 }] })) },
      /past the end of world.pak/,
    ],
  ])('refuses %j, which neither release wants', (change, message) => {
    expect(() => bindJournal({ ...journal, ...change }, target, before)).toThrow(message);
  });
});
