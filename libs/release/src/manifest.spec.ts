import { createInfo, type HashedFile, inTorrentOrder, type Metainfo, parseInfo } from '@swarmpatch/metainfo';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeManifest, type Manifest, MANIFEST_BYTES_MAX, parseManifest } from './manifest.ts';
import { assertManifestMatchesTorrent, createManifest } from './manifest-torrent.ts';
import { ReleaseError } from './release-error.ts';

const PIECE_LENGTH_BYTES = 16_384;

const hashed: HashedFile[] = inTorrentOrder([
  { path: 'bin/starfall', lengthBytes: 900, executable: true, piecesRoot: new Uint8Array(32).fill(1) },
  { path: 'data/été.txt', lengthBytes: 16_384, piecesRoot: new Uint8Array(32).fill(2) },
  { path: 'data/empty.cfg', lengthBytes: 0 },
  { path: 'starfall', lengthBytes: 0, symlink: 'bin/starfall' },
]);

function torrent(name: string, files: readonly HashedFile[] = hashed): Metainfo {
  const { infoBytes } = createInfo(files, {
    name,
    format: 'hybrid',
    pieceLengthBytes: PIECE_LENGTH_BYTES,
    isSingleFile: false,
    v1Pieces: new Uint8Array(20 * files.filter((file) => file.lengthBytes > 0).length),
  });
  return parseInfo(infoBytes);
}

const manifest = createManifest({
  game: 'starfall',
  version: '1.0.0',
  metainfo: torrent('starfall-1.0.0'),
  webSeeds: ['http://origin.example/content/starfall/1.0.0/'],
  notes: 'First\nrelease',
});

const throwsCode = (code: string): unknown => expect.objectContaining({ code, name: 'ReleaseError' });

function parseChanged(change: (document: Manifest) => unknown): () => Manifest {
  const document = structuredClone(manifest);
  const changed = change(document) ?? document;
  return () => parseManifest(Buffer.from(JSON.stringify(changed)));
}

describe('createManifest()', () => {
  it('names every file of the torrent with its attributes', () => {
    expect(manifest).toMatchObject({
      name: 'starfall-1.0.0',
      bytes: 17_284,
      torrent: { pieceLength: PIECE_LENGTH_BYTES },
    });
    expect(manifest.files).toEqual([
      { path: 'bin/starfall', length: 900, piecesRoot: '01'.repeat(32), executable: true },
      { path: 'data/empty.cfg', length: 0 },
      { path: 'data/été.txt', length: 16_384, piecesRoot: '02'.repeat(32) },
      { path: 'starfall', length: 0, symlink: 'bin/starfall' },
    ]);
  });

  it('refuses a torrent with another name', () => {
    const source = { game: 'starfall', version: '1.0.0', metainfo: torrent('starfall-1.0.1'), webSeeds: [] };
    expect(() => createManifest(source)).toThrow(throwsCode('torrent_mismatch'));
  });
});

describe('encodeManifest()', () => {
  it('is read back as it was, and gives the same bytes whatever the order of members', () => {
    const bytes = encodeManifest(manifest);
    expect(parseManifest(bytes)).toEqual(manifest);
    const shuffled = Object.fromEntries(Object.entries(manifest).toReversed()) as unknown as Manifest;
    expect(Buffer.from(encodeManifest(shuffled)).equals(bytes)).toBe(true);
  });

  it('refuses to write what could not be read', () => {
    expect(() => encodeManifest({ ...manifest, bytes: 1 })).toThrow(throwsCode('bad_manifest'));
  });
});

describe('parseManifest()', () => {
  it.each<[string, (document: Manifest) => unknown]>([
    ['no object', () => 7],
    ['another format', (document) => ({ ...document, format: 2 })],
    ['a name that is not GAME-VERSION', (document) => ({ ...document, name: 'moonrise-1.0.0' })],
    ['a wrong sum', (document) => ({ ...document, bytes: document.bytes + 1 })],
    ['no files', (document) => ({ ...document, files: [], bytes: 0 })],
    ['a fraction of a byte', (document) => ({ ...document, files: [{ path: 'a', length: 0.5 }], bytes: 0.5 })],
    ['content without a root', (document) => ({ ...document, files: [{ path: 'a', length: 5 }], bytes: 5 })],
    [
      'a root without content',
      (document) => ({ ...document, files: [{ path: 'a', length: 0, piecesRoot: '01'.repeat(32) }], bytes: 0 }),
    ],
    ['a path that leaves the release', (document) => ({ ...document, files: [{ path: '../a', length: 0 }], bytes: 0 })],
    ['an absolute path', (document) => ({ ...document, files: [{ path: '/a', length: 0 }], bytes: 0 })],
    ['a device name', (document) => ({ ...document, files: [{ path: 'a/NUL.txt', length: 0 }], bytes: 0 })],
    [
      'a collision of case',
      (document) => ({
        ...document,
        files: [
          { path: 'a/B', length: 0 },
          { path: 'A/c', length: 0 },
        ],
        bytes: 0,
      }),
    ],
    [
      'the same path twice',
      (document) => ({
        ...document,
        files: [
          { path: 'a', length: 0 },
          { path: 'a', length: 0 },
        ],
        bytes: 0,
      }),
    ],
    [
      'the launcher directory, in any case',
      (document) => ({ ...document, files: [{ path: '.SwarmPatch/state', length: 0 }], bytes: 0 }),
    ],
    [
      'a link that leaves the release',
      (document) => ({ ...document, files: [{ path: 'a/b', length: 0, symlink: '../../c' }], bytes: 0 }),
    ],
    [
      'a link that goes around',
      (document) => ({ ...document, files: [{ path: 'a', length: 0, symlink: 'b/../c' }], bytes: 0 }),
    ],
    [
      'an absolute link',
      (document) => ({ ...document, files: [{ path: 'a', length: 0, symlink: '/etc/passwd' }], bytes: 0 }),
    ],
    [
      'a link with content',
      (document) => ({
        ...document,
        files: [{ path: 'a', length: 5, piecesRoot: '01'.repeat(32), symlink: 'b' }],
        bytes: 5,
      }),
    ],
    ['a web seed that is a file URL', (document) => ({ ...document, webSeeds: ['file:///etc/'] })],
    ['a web seed without the last slash', (document) => ({ ...document, webSeeds: ['http://origin.example/a'] })],
  ])('refuses %s', (_, change) => {
    expect(parseChanged(change)).toThrow(throwsCode('bad_manifest'));
  });

  it('refuses a bad game id and version by their own names', () => {
    expect(parseChanged((document) => ({ ...document, game: 'Star Fall' }))).toThrow(throwsCode('bad_game_id'));
    expect(parseChanged((document) => ({ ...document, version: 'v1' }))).toThrow(throwsCode('bad_version'));
  });

  it('refuses more bytes than the limit before reading them', () => {
    expect(() => parseManifest(new Uint8Array(MANIFEST_BYTES_MAX + 1))).toThrow(throwsCode('manifest_too_large'));
  });

  it('gives a manifest or a ReleaseError for arbitrary bytes and for any change of a valid one', () => {
    const valid = encodeManifest(manifest);
    const changed = fc
      .record({ at: fc.nat(valid.length - 1), byte: fc.nat(255), cut: fc.boolean() })
      .map(({ at, byte, cut }) => {
        const bytes = cut ? valid.slice(0, at) : valid.slice();
        if (!cut) bytes[at] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        try {
          parseManifest(bytes);
        } catch (error) {
          if (!(error instanceof ReleaseError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('assertManifestMatchesTorrent()', () => {
  it('finds every kind of difference', () => {
    assertManifestMatchesTorrent(manifest, torrent('starfall-1.0.0'));
    const [first, ...rest] = hashed;
    if (first === undefined) throw new Error('no files');
    const others: HashedFile[][] = [
      rest,
      [{ ...first, executable: false }, ...rest],
      [{ ...first, lengthBytes: 901 }, ...rest],
      [{ ...first, piecesRoot: new Uint8Array(32).fill(9) }, ...rest],
      [{ ...first, path: 'bin/starfalk' }, ...rest],
    ];
    for (const files of others) {
      const metainfo = torrent('starfall-1.0.0', files);
      expect(() => {
        assertManifestMatchesTorrent(manifest, metainfo);
      }).toThrow(throwsCode('torrent_mismatch'));
      // The infohashes alone would have told: the files are compared for their own sake too.
      const { infohashV1 = new Uint8Array(), infohashV2 = new Uint8Array() } = metainfo;
      const torrentPart = {
        ...manifest.torrent,
        infohashV1: Buffer.from(infohashV1).toString('hex'),
        infohashV2: Buffer.from(infohashV2).toString('hex'),
      };
      expect(() => {
        assertManifestMatchesTorrent({ ...manifest, torrent: torrentPart }, metainfo);
      }).toThrow(throwsCode('torrent_mismatch'));
    }
  });
});
