import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

import { Encoded, encode } from '@swarmpatch/bencode';
import type { Encodable } from '@swarmpatch/bencode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MetainfoError } from './metainfo-error.ts';
import { parseTorrent } from './parse-torrent.ts';

const PIECES = Buffer.alloc(20, 'p');
const ROOT = Buffer.alloc(32, 'r');
const SINGLE = { name: 'temp', length: 425, 'piece length': 16_384, pieces: PIECES };

type Dictionary = Record<string, Encodable | undefined>;

function torrent(info: Dictionary, outer: Dictionary = {}): Uint8Array {
  return encode({ info, ...outer });
}

function listed(files: Encodable[], info: Dictionary = {}): Uint8Array {
  return torrent({ name: 'temp', files, 'piece length': 16_384, pieces: PIECES, ...info });
}

function tree(fileTree: Dictionary, info: Dictionary = {}, outer: Dictionary = { 'piece layers': {} }): Uint8Array {
  return torrent({ name: 'temp', 'meta version': 2, 'piece length': 16_384, 'file tree': fileTree, ...info }, outer);
}

function file(length = 10, entry: Dictionary = {}): Dictionary {
  return { '': { length, 'pieces root': ROOT, ...entry } };
}

function codeOf(bytes: Uint8Array): string {
  try {
    parseTorrent(bytes);
    return 'accepted';
  } catch (error) {
    if (error instanceof MetainfoError) return error.code;
    throw error;
  }
}

describe('parseTorrent() of v1', () => {
  it('takes the infohash of the raw bytes, not of a re-encoding', () => {
    const unsorted = Buffer.from(`d4:name4:temp6:lengthi425e12:piece lengthi16384e6:pieces20:${'p'.repeat(20)}e`);
    const metainfo = parseTorrent(encode({ info: new Encoded(unsorted) }));
    expect(Buffer.from(metainfo.infohashV1 ?? [])).toEqual(createHash('sha1').update(unsorted).digest());
    expect(Buffer.from(metainfo.infoBytes)).toEqual(unsorted);
    expect(metainfo.infohashV2).toBeUndefined();
  });

  it('makes gaps of pad files, with and without a path, and of those of BitComet', () => {
    const metainfo = parseTorrent(
      listed([
        { length: 5, path: ['a'] },
        { attr: 'p', length: 7, path: ['.pad', '7'] },
        { length: 3, path: ['b'] },
        { attr: 'p', length: 2 },
        { length: 4, path: ['_____padding_file_0_if you see this file'] },
        { length: 1, path: ['c'] },
      ]),
    );
    expect(metainfo.files.map(({ path, offsetBytes }) => [path, offsetBytes])).toEqual([
      ['a', 0],
      ['b', 12],
      ['c', 21],
    ]);
    expect(metainfo.lengthBytes).toBe(9);
    expect(metainfo.geometry.spaceBytes).toBe(22);
  });

  it('reads attributes of BEP 47: executable, and a link counted from the top or from its own directory', () => {
    const metainfo = parseTorrent(
      listed([
        { length: 5, path: ['bin', 'run'], attr: 'xh' },
        { path: ['bin', 'top'], attr: 'l', 'symlink path': ['bin', 'run'] },
        { length: 0, path: ['bin', 'near'], attr: 'l', 'symlink path': ['run'] },
        { length: 0, path: ['lib', 'far'], attr: 'xl', 'symlink path': ['..', 'bin', 'run'] },
      ]),
    );
    expect(metainfo.files.map(({ executable, symlink }) => [executable, symlink])).toEqual([
      [true, undefined],
      [false, 'run'],
      [false, 'run'],
      [false, '../bin/run'],
    ]);
  });

  it('prefers names in UTF-8 where a torrent has both', () => {
    const metainfo = parseTorrent(
      listed([{ length: 5, path: [Buffer.from([0xe9])], 'path.utf-8': ['\u00e9'] }], {
        'name.utf-8': 'd\u00e9j\u00e0',
      }),
    );
    expect([metainfo.name, metainfo.files[0]?.path]).toEqual(['d\u00e9j\u00e0', '\u00e9']);
  });

  it.each<[string, Uint8Array, string]>([
    ['no dictionary', Buffer.from('i1e'), 'not_a_torrent'],
    ['no info', encode({ announce: 'http://t.example' }), 'not_a_torrent'],
    ['bytes after the end', Buffer.concat([torrent(SINGLE), Buffer.from('\n')]), 'not_a_torrent'],
    ['no name', torrent({ ...SINGLE, name: undefined }), 'bad_name'],
    ['a number as name', torrent({ ...SINGLE, name: 1348 }), 'bad_name'],
    ['a name that leaves', torrent({ ...SINGLE, name: '..' }), 'bad_name'],
    ['a name with a separator', torrent({ ...SINGLE, name: 'temp/../../abc' }), 'bad_name'],
    ['a long name', torrent({ ...SINGLE, name: 'n'.repeat(256) }), 'bad_name'],
    ['a name not in UTF-8', torrent({ ...SINGLE, name: Buffer.from([0xff]) }), 'bad_name'],
    ['text as piece length', torrent({ ...SINGLE, 'piece length': '16384' }), 'not_a_torrent'],
    ['piece length 0', torrent({ ...SINGLE, 'piece length': 0 }), 'bad_piece_length'],
    ['a negative piece length', torrent({ ...SINGLE, 'piece length': -16_384 }), 'bad_piece_length'],
    ['a huge piece length', torrent({ ...SINGLE, 'piece length': 2 ** 29 }), 'bad_piece_length'],
    ['part of a hash', torrent({ ...SINGLE, pieces: Buffer.alloc(24) }), 'bad_pieces'],
    ['too few hashes', torrent({ ...SINGLE, length: 16_385 }), 'bad_pieces'],
    ['too many hashes', torrent({ ...SINGLE, pieces: Buffer.alloc(40) }), 'bad_pieces'],
    ['no length', torrent({ ...SINGLE, length: undefined }), 'bad_length'],
    ['a negative length', torrent({ ...SINGLE, length: -45 }), 'bad_length'],
    ['a length past 2^53', torrent({ ...SINGLE, length: 2n ** 60n }), 'not_a_torrent'],
    ['no bytes at all', torrent({ ...SINGLE, length: 0, pieces: Buffer.alloc(0) }), 'no_data'],
    ['length and files', listed([{ length: 5, path: ['a'] }], { length: 5 }), 'bad_length'],
    ['a file without path', listed([{ length: 5 }]), 'bad_path'],
    ['an empty path', listed([{ length: 5, path: [] }]), 'bad_path'],
    ['a number in a path', listed([{ length: 5, path: [1242, 'bar'] }]), 'bad_path'],
    [
      'the same path twice',
      listed([
        { length: 5, path: ['a', 'b'] },
        { length: 5, path: ['a', 'b'] },
      ]),
      'path_collision',
    ],
    [
      'paths that differ in case',
      listed([
        { length: 5, path: ['A'] },
        { length: 5, path: ['a'] },
      ]),
      'path_collision',
    ],
    [
      'a file that is also a directory',
      listed([
        { length: 5, path: ['a'] },
        { length: 5, path: ['a', 'b'] },
      ]),
      'path_collision',
    ],
    [
      'a link with a length',
      listed([
        { length: 5, path: ['a'] },
        { attr: 'l', length: 5, path: ['b'], 'symlink path': ['a'] },
      ]),
      'bad_symlink',
    ],
    [
      'a link without target',
      listed([
        { length: 5, path: ['a'] },
        { attr: 'l', length: 0, path: ['b'] },
      ]),
      'bad_symlink',
    ],
    [
      'a link that leaves',
      listed([
        { length: 5, path: ['a'] },
        { attr: 'l', length: 0, path: ['b'], 'symlink path': ['..', 'a'] },
      ]),
      'bad_symlink',
    ],
    [
      'a link to an absolute path',
      listed([
        { length: 5, path: ['a'] },
        { attr: 'l', path: ['b'], 'symlink path': ['', 'etc', 'passwd'] },
      ]),
      'bad_symlink',
    ],
    [
      'a separator in a link',
      listed([
        { length: 5, path: ['a'] },
        { attr: 'l', path: ['b'], 'symlink path': ['../../etc'] },
      ]),
      'bad_symlink',
    ],
    [
      'a file below a link',
      listed([
        { length: 5, path: ['l', 'a'] },
        { attr: 'l', length: 0, path: ['l'], 'symlink path': ['x'] },
      ]),
      'path_collision',
    ],
    ['a newer version', torrent({ ...SINGLE, 'meta version': 3 }), 'unsupported_version'],
  ])('refuses %s', (_, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it.each(['..', '.', '', '/', 'a/b', 'a\\b', 'C:', 'nul', 'COM1.txt', 'end.', 'end ', 'a\0b', 'a:b', '\u0085'])(
    'refuses the path component %j',
    (component) => {
      expect(codeOf(listed([{ length: 5, path: ['dir', component] }]))).toBe('bad_path');
    },
  );

  it('refuses a torrent over the limit before reading it', () => {
    expect(() => parseTorrent(torrent(SINGLE), { bytesMax: 10 })).toThrow(
      expect.objectContaining({ code: 'torrent_too_long' }),
    );
  });
});

describe('parseTorrent() of v2 and hybrid', () => {
  it('tells a lone file from a directory by its name', () => {
    expect(parseTorrent(tree({ temp: file() })).isSingleFile).toBe(true);
    expect(parseTorrent(tree({ other: file() })).isSingleFile).toBe(false);
    expect(parseTorrent(tree({ temp: { temp: file() } })).isSingleFile).toBe(false);
  });

  it('starts every file at a piece boundary', () => {
    const metainfo = parseTorrent(tree({ a: file(10), b: { '': { length: 0 } }, c: { d: file(16_384) }, e: file(1) }));
    expect(metainfo.files.map(({ path, offsetBytes }) => [path, offsetBytes])).toEqual([
      ['a', 0],
      ['b', 16_384],
      ['c/d', 16_384],
      ['e', 32_768],
    ]);
    expect(metainfo.pieceCount).toBe(3);
  });

  it('leaves piece layers that are not there to be fetched when told so, and refuses wrong ones all the same', () => {
    const bare = tree({ a: file(40_000) }, {}, {});
    expect(parseTorrent(bare, { missingLayers: 'leave' }).pieceHashes.layers).toEqual([undefined]);
    const wrong = tree({ a: file(40_000) }, {}, { 'piece layers': { [ROOT.toString()]: Buffer.alloc(96) } });
    expect(() => parseTorrent(wrong, { missingLayers: 'leave' })).toThrow(
      expect.objectContaining({ code: 'bad_piece_layer' }),
    );
  });

  it.each<[string, Uint8Array, string]>([
    ['a tree that is a file', tree({ '': { length: 5 } }), 'bad_file_tree'],
    ['no tree', torrent({ name: 'temp', 'meta version': 2, 'piece length': 16_384 }), 'not_a_torrent'],
    ['a file that is also a directory', tree({ a: { ...file(), b: file() } }), 'bad_file_tree'],
    ['a path that leaves', tree({ '..': { a: file() } }), 'bad_path'],
    ['a separator', tree({ '//': file() }), 'bad_path'],
    ['no root', tree({ a: { '': { length: 5 } } }), 'bad_pieces_root'],
    ['a zero root', tree({ a: file(5, { 'pieces root': Buffer.alloc(32) }) }), 'bad_pieces_root'],
    ['a short root', tree({ a: file(5, { 'pieces root': Buffer.alloc(20, 1) }) }), 'bad_pieces_root'],
    ['piece length 24 KiB', tree({ a: file() }, { 'piece length': 24_576 }), 'bad_piece_length'],
    ['piece length 8 KiB', tree({ a: file() }, { 'piece length': 8192 }), 'bad_piece_length'],
    ['no layers', tree({ a: file(40_000) }, {}, {}), 'bad_piece_layer'],
    ['no layer of a file', tree({ a: file(40_000) }), 'bad_piece_layer'],
    [
      'a number as layer',
      tree({ a: file(40_000) }, {}, { 'piece layers': { [ROOT.toString()]: 5 } }),
      'bad_piece_layer',
    ],
    [
      'a layer of another length',
      tree({ a: file(40_000) }, {}, { 'piece layers': { [ROOT.toString()]: Buffer.alloc(95) } }),
      'bad_piece_layer',
    ],
    [
      'a layer of another root',
      tree({ a: file(40_000) }, {}, { 'piece layers': { [ROOT.toString()]: Buffer.alloc(96) } }),
      'bad_piece_layer',
    ],
    ['a file past 16 TiB', tree({ a: file(2 ** 45) }), 'bad_length'],
    ['too many pieces', tree({ a: file(2 ** 40) }), 'too_many_pieces'],
    [
      'other files in v1',
      tree({ a: file() }, { pieces: PIECES, files: [{ length: 10, path: ['b'] }] }),
      'hybrid_mismatch',
    ],
    [
      'other lengths in v1',
      tree({ a: file() }, { pieces: PIECES, files: [{ length: 11, path: ['a'] }] }),
      'hybrid_mismatch',
    ],
    [
      'more files in v1',
      tree(
        { a: file() },
        {
          pieces: PIECES,
          files: [
            { length: 10, path: ['a'] },
            { length: 0, path: ['b'] },
          ],
        },
      ),
      'hybrid_mismatch',
    ],
    [
      'another order in v1',
      tree(
        { a: file(), b: { '': { length: 0 } } },
        {
          pieces: PIECES,
          files: [
            { length: 0, path: ['b'] },
            { length: 10, path: ['a'] },
          ],
        },
      ),
      'hybrid_mismatch',
    ],
    [
      'no padding in v1',
      tree(
        { a: file(), b: file() },
        {
          pieces: PIECES,
          files: [
            { length: 10, path: ['a'] },
            { length: 10, path: ['b'] },
          ],
        },
      ),
      'hybrid_mismatch',
    ],
    ['a lone file in v1 only', tree({ x: { temp: file() } }, { pieces: PIECES, length: 10 }), 'hybrid_mismatch'],
  ])('refuses %s', (_, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('refuses trees nested deeper than any path', () => {
    let deep: Dictionary = file();
    for (let depth = 0; depth < 80; depth += 1) deep = { a: deep };
    expect(codeOf(tree(deep))).toBe('bad_path');
    for (let depth = 0; depth < 80; depth += 1) deep = { a: deep };
    expect(codeOf(tree(deep))).toBe('not_a_torrent');
  });

  it('reads hybrids with and without padding after the last file', () => {
    const files = [{ length: 10, path: ['a'] }];
    const pad = { attr: 'p', length: 16_374, path: ['.pad', '16374'] };
    expect(parseTorrent(tree({ a: file() }, { pieces: PIECES, files })).geometry.pieceSizeBytes(0)).toBe(10);
    expect(
      parseTorrent(tree({ a: file() }, { pieces: PIECES, files: [...files, pad] })).geometry.padBytesOfPiece(0),
    ).toBe(16_374);
  });
});

describe('parseTorrent() of what is around the info', () => {
  it('leaves out URLs and nodes that cannot be used', () => {
    const metainfo = parseTorrent(
      torrent(SINGLE, {
        announce: 'http://replaced.example/announce',
        'announce-list': [
          ['tracker.without.scheme:80', 'udp://a.example:80/announce'],
          'not a tier',
          [],
          [5],
          ['file:///etc/passwd', 'https://b.example/announce'],
        ],
        'url-list': ['http://seed.example/x/', 'ftp://seed.example/', -20, [''], 'nonsense'],
        nodes: [['router.example', 6881], ['no port'], ['x', 0], ['y', 70_000], 'z'],
      }),
    );
    expect(metainfo.trackers).toEqual([['udp://a.example:80/announce'], ['https://b.example/announce']]);
    expect(metainfo.webSeeds).toEqual(['http://seed.example/x/']);
    expect(metainfo.dhtNodes).toEqual([{ host: 'router.example', port: 6881 }]);
  });

  it('takes a lone web seed that is no list, and "announce" where there is no list of tiers', () => {
    const metainfo = parseTorrent(
      torrent(SINGLE, { announce: 'http://a.example/announce', 'url-list': 'http://seed.example/file' }),
    );
    expect(metainfo.trackers).toEqual([['http://a.example/announce']]);
    expect(metainfo.webSeeds).toEqual(['http://seed.example/file']);
  });

  it('reads no more trackers than its limit', () => {
    const tier = Array.from({ length: 1000 }, (_, index) => `http://t${index}.example/announce`);
    expect(parseTorrent(torrent(SINGLE, { 'announce-list': [tier, tier] })).trackers.flat()).toHaveLength(100);
  });

  it('gives a torrent or its own error for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(codeOf(bytes)).toMatch(/^[a-z_]+$/);
      }),
    );
  });
});
