import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

import { MerkleHasher } from '@swarmpatch/merkle';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createInfo, inTorrentOrder } from './create-info.ts';
import type { CreateInfoOptions, HashedFile } from './create-info.ts';
import { encodeTorrent } from './encode-torrent.ts';
import { layOut } from './layout.ts';
import { MetainfoError } from './metainfo-error.ts';
import type { Metainfo, TorrentFormat } from './metainfo.ts';
import { parseInfo } from './parse-info.ts';
import { parseTorrent } from './parse-torrent.ts';
import { pieceLayersOf } from './piece-layers.ts';
import { PieceVerifier, verifyPiece } from './piece-verifier.ts';

const PIECE_LENGTH_BYTES = 32_768;

interface Source {
  readonly path: string;
  readonly data: Buffer;
  readonly executable?: boolean;
  readonly symlink?: string;
}

function bytesOf(lengthBytes: number, seed: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 31 + (index >>> 8) * 7 + seed) & 0xff),
  );
}

const GAME: readonly Source[] = [
  { path: 'data/level.pak', data: bytesOf(70_000, 1) },
  { path: 'data.txt', data: bytesOf(5, 2) },
  { path: 'game.exe', data: bytesOf(40_000, 3), executable: true },
  { path: 'empty', data: Buffer.alloc(0) },
  { path: 'zz', data: bytesOf(32_768, 4) },
];
const LONE: readonly Source[] = [{ path: 'lone.bin', data: bytesOf(50_000, 5) }];

/** The piece space as the layout says, zeros where there is no file. */
function spaceOf(sources: readonly Source[], options: Pick<CreateInfoOptions, 'format' | 'isSingleFile'>): Buffer {
  const { offsets, spaceBytes } = layOut(
    sources.map((source) => source.data.length),
    { ...options, pieceLengthBytes: PIECE_LENGTH_BYTES },
  );
  const space = Buffer.alloc(spaceBytes);
  for (const [index, source] of sources.entries()) space.set(source.data, offsets[index]);
  return space;
}

function sha1sOf(space: Buffer): Buffer {
  const hashes: Buffer[] = [];
  for (let at = 0; at < space.length; at += PIECE_LENGTH_BYTES) {
    hashes.push(
      createHash('sha1')
        .update(space.subarray(at, at + PIECE_LENGTH_BYTES))
        .digest(),
    );
  }
  return Buffer.concat(hashes);
}

function hashed({ data, ...source }: Source): HashedFile {
  const { piecesRoot, pieceLayer } = new MerkleHasher({ pieceLengthBytes: PIECE_LENGTH_BYTES }).update(data).digest();
  return { ...source, lengthBytes: data.length, ...(data.length > 0 && { piecesRoot, pieceLayer }) };
}

function make(sources: readonly Source[], format: TorrentFormat, options: Partial<CreateInfoOptions> = {}): Metainfo {
  const sorted = inTorrentOrder(sources);
  const isSingleFile = options.isSingleFile ?? sources === LONE;
  const info = createInfo(sorted.map(hashed), {
    name: isSingleFile ? 'lone.bin' : 'game',
    format,
    pieceLengthBytes: PIECE_LENGTH_BYTES,
    isSingleFile,
    v1Pieces: sha1sOf(spaceOf(sorted, { format, isSingleFile })),
    ...options,
  });
  return parseTorrent(encodeTorrent(info));
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}

describe('createInfo()', () => {
  it.each([
    [
      'hybrid',
      GAME,
      'a930a8a758d2a8de1bfe5ca873a1a5f457b9a802',
      'a2d786c8e7acee8d4cb0919b4061ee1188c4b33349bd271aee483c0e90fe5af4',
    ],
    [
      'hybrid',
      LONE,
      '6106b81bca8f0a4935639c20bffa3650ae585c04',
      '0db3be6563ec9749fdd6cee275fcc3747e0a73a0cceb30ae5f937b79a7b60093',
    ],
    ['v1', LONE, '5fd8c137e8e8c3b542e7db81790286e0981dda93', undefined],
    ['v2', GAME, undefined, 'e6997c42738c890f7cc987c7669b3d36a2ba4089dc04852b4e0c00a5521a4b8d'],
    ['v2', LONE, undefined, '51ec0451752c82ca4881070be7866688b2f29b582b4388fe9d03e57eb9463db8'],
  ] as const)('gives the infohashes that libtorrent 2.0.8 gives: %s %#', (format, sources, v1, v2) => {
    const metainfo = make(sources, format);
    expect([hex(metainfo.infohashV1), hex(metainfo.infohashV2)]).toEqual([v1, v2]);
  });

  it('gives the same bytes whatever order the files come in', () => {
    const info = hex(make(GAME, 'hybrid').infoBytes);
    fc.assert(
      fc.property(fc.shuffledSubarray([...GAME], { minLength: GAME.length }), (shuffled) => {
        expect(hex(make(shuffled, 'hybrid').infoBytes)).toBe(info);
      }),
      { numRuns: 20 },
    );
  });

  it.each(['v1', 'v2', 'hybrid'] as const)('makes a %s torrent that reads back with every file as it was', (format) => {
    const metainfo = make(GAME, format);
    expect(metainfo.format).toBe(format);
    expect(metainfo.files.map(({ path, lengthBytes, executable }) => ({ path, lengthBytes, executable }))).toEqual(
      inTorrentOrder(GAME).map(({ path, data, executable }) => ({
        path,
        lengthBytes: data.length,
        executable: executable ?? false,
      })),
    );
    expect(metainfo.lengthBytes).toBe(142_773);
    expect(metainfo.isSingleFile).toBe(false);
  });

  it.each(['v1', 'v2', 'hybrid'] as const)(
    'makes a %s torrent whose pieces verify, and do not once a bit flips',
    (format) => {
      for (const sources of [GAME, LONE]) {
        const metainfo = make(sources, format);
        const space = spaceOf(inTorrentOrder(sources), metainfo);
        for (let piece = 0; piece < metainfo.pieceCount; piece += 1) {
          const at = piece * PIECE_LENGTH_BYTES;
          const data = Buffer.from(space.subarray(at, at + metainfo.geometry.pieceSizeBytes(piece)));
          expect(verifyPiece(metainfo, piece, data)).toBe(true);
          data[0] = (data[0] ?? 0) ^ 1;
          expect(verifyPiece(metainfo, piece, data)).toBe(false);
          expect(verifyPiece(metainfo, piece, data.subarray(0, 3))).toBe(false);
        }
      }
    },
  );

  it('gives every file the same pieces root in v2 and hybrid, at any piece length', () => {
    expect(make(GAME, 'v2').files.map((file) => hex(file.piecesRoot))).toEqual(
      make(GAME, 'hybrid').files.map((file) => hex(file.piecesRoot)),
    );
  });

  it('keeps links, and says where they point from their own directory', () => {
    const links: Source[] = [
      { path: 'data/current', data: Buffer.alloc(0), symlink: '../game.exe' },
      { path: 'link', data: Buffer.alloc(0), symlink: 'data/level.pak' },
      { path: 'to-directory', data: Buffer.alloc(0), symlink: 'data' },
    ];
    for (const format of ['v1', 'v2', 'hybrid'] as const) {
      const found = make([...GAME, ...links], format).files.filter((file) => file.symlink !== undefined);
      expect(found.map(({ path, symlink }) => ({ path, symlink }))).toEqual(
        links.map(({ path, symlink }) => ({ path, symlink })),
      );
    }
  });

  it('refuses links that leave the torrent', () => {
    for (const symlink of ['/etc/passwd', '../out', 'data/../../out', '..', '.', '']) {
      const link: Source = { path: 'link', data: Buffer.alloc(0), symlink };
      expect(() => make([...GAME, link], 'hybrid')).toThrow(expect.objectContaining({ code: 'bad_symlink' }));
    }
  });

  it('refuses a directory that v2 could not tell from its only file', () => {
    const only: Source[] = [{ path: 'game', data: bytesOf(5, 0) }];
    expect(() => make(only, 'v2')).toThrow(expect.objectContaining({ code: 'ambiguous_name' }));
    expect(make(only, 'v1').isSingleFile).toBe(false);
  });

  it('marks private torrents', () => {
    expect(make(GAME, 'hybrid', { isPrivate: true }).private).toBe(true);
    expect(make(GAME, 'hybrid').private).toBe(false);
  });
});

describe('encodeTorrent()', () => {
  it('wraps the same info in other URLs, and the infohashes stay', () => {
    const first = make(GAME, 'hybrid');
    const again = parseTorrent(
      encodeTorrent({
        infoBytes: first.infoBytes,
        pieceLayers: pieceLayersOf(first),
        trackers: [['http://a.example/announce', 'udp://b.example:1/announce'], ['https://c.example/announce']],
        webSeeds: ['http://origin.example/content/game/1.0.0/'],
        dhtNodes: [{ host: 'router.example', port: 6881 }],
        comment: 'built at night',
      }),
    );
    expect([hex(again.infohashV1), hex(again.infohashV2)]).toEqual([hex(first.infohashV1), hex(first.infohashV2)]);
    expect(again.trackers).toEqual([
      ['http://a.example/announce', 'udp://b.example:1/announce'],
      ['https://c.example/announce'],
    ]);
    expect(again.webSeeds).toEqual(['http://origin.example/content/game/1.0.0/']);
    expect(again.dhtNodes).toEqual([{ host: 'router.example', port: 6881 }]);
    expect(again.comment).toBe('built at night');
  });
});

describe('parseInfo()', () => {
  it('reads what came from peers: layers are missing, v1 hashes stand in for them', () => {
    const { infoBytes, infohashV1, infohashV2 } = make(GAME, 'hybrid');
    const metainfo = parseInfo(infoBytes, { ...(infohashV1 && { infohashV1 }), ...(infohashV2 && { infohashV2 }) });
    const verifier = new PieceVerifier(metainfo);
    const kinds = Array.from({ length: metainfo.pieceCount }, (_, piece) => verifier.digestOf(piece)?.kind);
    // data.txt and zz have one piece each: their pieces root is that piece's hash.
    expect(kinds).toEqual(['v1', 'v1', 'v1', 'v2', 'v1', 'v1', 'v2']);
    expect(new PieceVerifier(parseInfo(make(GAME, 'v2').infoBytes)).digestOf(0)).toBeUndefined();
  });

  it('refuses another info dictionary than the one that was asked for', () => {
    const { infoBytes } = make(GAME, 'hybrid');
    expect(() => parseInfo(infoBytes, { infohashV1: new Uint8Array(20) })).toThrow(
      expect.objectContaining({ code: 'infohash_mismatch' }),
    );
    expect(() => parseInfo(infoBytes, { infohashV2: new Uint8Array(32) })).toThrow(
      expect.objectContaining({ code: 'infohash_mismatch' }),
    );
  });
});

describe('parseTorrent() under fuzz', () => {
  const torrents = (['v1', 'v2', 'hybrid'] as const).map((format) => {
    const metainfo = make(GAME, format);
    return Buffer.from(
      encodeTorrent({
        infoBytes: metainfo.infoBytes,
        pieceLayers: pieceLayersOf(metainfo),
        trackers: [['udp://t.example:1/announce']],
      }),
    );
  });

  it('gives a torrent or its own error for damaged torrents', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...torrents),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (torrent, edits) => {
          const bytes = Buffer.from(torrent);
          for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
          expectReadOrRefused(bytes);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('gives a torrent or its own error for torrents with a part cut out, doubled or put elsewhere', () => {
    fc.assert(
      fc.property(fc.constantFrom(...torrents), fc.nat(), fc.nat(200), fc.nat(), (torrent, from, length, to) => {
        const begin = from % torrent.length;
        const part = torrent.subarray(begin, begin + length);
        const target = to % torrent.length;
        expectReadOrRefused(Buffer.concat([torrent.subarray(0, begin), torrent.subarray(begin + length)]));
        expectReadOrRefused(Buffer.concat([torrent.subarray(0, target), part, torrent.subarray(target)]));
      }),
      { numRuns: 1000 },
    );
  });

  function expectReadOrRefused(bytes: Buffer): void {
    try {
      expect(parseTorrent(bytes).files.length).toBeGreaterThan(0);
    } catch (error) {
      expect(error).toBeInstanceOf(MetainfoError);
    }
  }
});
