import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

import { Encoded, encode } from '@swarmpatch/bencode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MetainfoError } from './metainfo-error.ts';
import type { Metainfo } from './metainfo.ts';
import { parseTorrent } from './parse-torrent.ts';
import { decodeResumeData, encodeResumeData, type FileStamp, type ResumeData } from './resume-data.ts';

const PIECE = 16_384;
const LENGTHS = [5 * PIECE, 10, 3 * PIECE];
const PIECES = 9;

function torrent(name: string): Metainfo {
  const files = LENGTHS.map((length, index) => ({ length, path: [`${index}`] }));
  return parseTorrent(encode({ info: { name, files, 'piece length': PIECE, pieces: Buffer.alloc(20 * PIECES) } }));
}

const game = torrent('game');
const NEW: FileStamp = { lengthBytes: 5n * 16_384n, mtimeNs: 1_700_000_000_123_456_789n, inode: 2n ** 63n };
const OLD: FileStamp = { lengthBytes: 0n, mtimeNs: -1n, inode: 0n };
const data: ResumeData = { have: Uint8Array.of(0xa5, 0x80), files: [NEW, undefined, OLD] };

describe('encodeResumeData()', () => {
  it('is read back, times to the nanosecond', () => {
    expect(decodeResumeData(game, encodeResumeData(game, data))).toEqual(data);
  });
});

describe('decodeResumeData()', () => {
  it('refuses that of another torrent', () => {
    expect(() => decodeResumeData(torrent('other'), encodeResumeData(game, data))).toThrow(/another torrent/);
  });

  it('refuses another number of files or pieces', () => {
    const fewer = { ...data, files: data.files.slice(1) };
    expect(() => decodeResumeData(game, encodeResumeData(game, fewer))).toThrow(/which the torrent has not/);
    const longer = { ...data, have: new Uint8Array(3) };
    expect(() => decodeResumeData(game, encodeResumeData(game, longer))).toThrow(/which the torrent has not/);
  });

  it('refuses a later version and another format', () => {
    const refusals = [
      encode({ checksum: '', format: 'swarmpatch resume data', state: {}, version: 2 }),
      encode({ checksum: '', format: 'libtorrent resume file', state: {}, version: 1 }),
    ];
    for (const bytes of refusals) expect(() => decodeResumeData(game, bytes)).toThrow(MetainfoError);
  });

  it('refuses it with any byte altered or cut off', () => {
    const bytes = encodeResumeData(game, data);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const altered = bytes.slice();
        altered[at] = (altered[at] ?? 0) ^ flip;
        expect(() => decodeResumeData(game, altered)).toThrow(MetainfoError);
        expect(() => decodeResumeData(game, bytes.subarray(0, at))).toThrow(MetainfoError);
      }),
    );
  });

  it('takes or refuses whatever bears a right checksum', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(bytes, fc.uint8Array({ maxLength: 3 }), fc.constantFrom(72, 71, 0), (files, have, length) => {
        const state = encode({ files: Buffer.alloc(length, files), have, infohash: game.infohashV1 });
        const checksum = createHash('sha256').update(state).digest();
        const document = { checksum, format: 'swarmpatch resume data', state: new Encoded(state), version: 1 };
        try {
          expect(decodeResumeData(game, encode(document)).files).toHaveLength(LENGTHS.length);
        } catch (error) {
          expect(error).toBeInstanceOf(MetainfoError);
        }
      }),
    );
  });

  it('refuses arbitrary bytes with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(() => decodeResumeData(game, bytes)).toThrow(MetainfoError);
      }),
    );
  });
});
