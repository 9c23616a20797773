import type { Manifest } from '@swarmpatch/release';
import { describe, expect, it } from 'vitest';
import { bindJournal, checkJournal, type Journal } from './journal.ts';

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
  removed: ['old.txt'],
  leftDirectories: ['old'],
  kept: [{ path: 'mod.txt', to: '.swarmpatch/kept/1.1.0/mod.txt' }],
  directories: ['data'],
  placements: [
    { from: '.swarmpatch/staging/content/ab', path: 'data/a', lengthBytes: 1, mtimeMs: 5, piecesRoot: 'ab' },
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

const target = manifest('1.1.0', [{ path: 'data/a', length: 1, piecesRoot: 'ab' }]);
const before = manifest('1.0.0', [{ path: 'old.txt', length: 0 }]);

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
    for (const change of [
      { removed: [path] },
      { leftDirectories: [path] },
      { directories: [path] },
      { kept: [{ path, to: '.swarmpatch/kept/1/a' }] },
      { placements: [{ ...placement, path }] },
      { modes: [{ path, executable: true }] },
    ]) {
      expect(() => checkJournal({ ...journal, ...change })).toThrow(expect.objectContaining({ code: 'state_corrupt' }));
    }
  });

  it('refuses to place what is not staged, and to keep files elsewhere', () => {
    const [placement] = journal.placements;
    for (const change of [
      { placements: [{ ...placement, from: 'data/b' }] },
      { placements: [{ ...placement, from: '.swarmpatch/staging/../state' }] },
      { kept: [{ path: 'a', to: 'b' }] },
    ]) {
      expect(() => checkJournal({ ...journal, ...change })).toThrow(expect.objectContaining({ code: 'state_corrupt' }));
    }
  });
});

describe('bindJournal()', () => {
  it('takes a journal of the two signed releases', () => {
    expect(() => bindJournal(journal, target, before)).not.toThrow();
  });

  it('refuses content that the target does not have, and removals of what nobody owns', () => {
    const other = manifest('1.1.0', [{ path: 'data/a', length: 1, piecesRoot: 'cd' }]);
    expect(() => bindJournal(journal, other, before)).toThrow(/placement of data\/a/);
    expect(() => bindJournal(journal, manifest('1.1.0', []), before)).toThrow(/placement of data\/a/);
    expect(() => bindJournal(journal, target, manifest('1.0.0', []))).toThrow(/removal of old.txt/);
    expect(() => bindJournal(journal, target, undefined)).toThrow(/removal of old.txt/);
  });
});
