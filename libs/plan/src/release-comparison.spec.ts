import { createHash } from 'node:crypto';
import { MerkleHasher } from '@swarmpatch/merkle';
import type { Manifest } from '@swarmpatch/release';
import { describe, expect, it } from 'vitest';
import { compareReleases, type DescribedRelease } from './release-comparison.ts';

const KIB = 1024;

type Content = Record<string, Uint8Array | string>;

/** A text is where a link points. */
function release(version: string, content: Content, pieceLength = 16 * KIB): DescribedRelease {
  const layers = new Map<string, Uint8Array>();
  const files = Object.entries(content).map(([path, bytes]): Manifest['files'][number] => {
    if (typeof bytes === 'string') return { path, length: 0, symlink: bytes };
    if (bytes.length === 0) return { path, length: 0 };
    const hasher = new MerkleHasher({ pieceLengthBytes: pieceLength });
    hasher.update(bytes);
    const digest = hasher.digest();
    const piecesRoot = Buffer.from(digest.piecesRoot).toString('hex');
    if (bytes.length > pieceLength) layers.set(piecesRoot, digest.pieceLayer);
    return { path, length: bytes.length, piecesRoot };
  });
  const torrent = { infohashV1: '0'.repeat(40), infohashV2: '0'.repeat(64), pieceLength };
  const bytes = files.reduce((sum, file) => sum + file.length, 0);
  return {
    manifest: {
      format: 1,
      game: 'starfall',
      version,
      name: `starfall-${version}`,
      files,
      bytes,
      torrent,
      webSeeds: [],
    },
    layers,
  };
}

/** Bytes that are different for each name, in every block. */
function bytesOf(name: string, lengthBytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; index * 32 < lengthBytes; index += 1)
    blocks.push(createHash('sha256').update(`${name} ${index}`).digest());
  return Buffer.concat(blocks).subarray(0, lengthBytes);
}

describe('compareReleases()', () => {
  it('knows unchanged, moved, copied, repeated and new files by their content', () => {
    const [first, second, third] = ['first', 'second', 'third'].map((name) => bytesOf(name, 1000));
    const empty = new Uint8Array();
    const old = release('1.0.0', { a: first ?? empty, b: second ?? empty, gone: third ?? empty, link: 'a' });
    const fresh = bytesOf('fresh', 1000);
    const next = release('1.1.0', {
      a: first ?? empty,
      a2: first ?? empty,
      moved: third ?? empty,
      n1: fresh,
      n2: fresh,
      link: 'b',
      nothing: empty,
    });
    const { atHand, removedCount, precision } = compareReleases(old, next);
    const nothing = { kind: 'fetched', heldBytes: 0, stagedBytes: 0, allocatedBytes: 0 };
    expect(atHand).toEqual([
      { kind: 'unchanged' },
      { kind: 'copied' },
      { kind: 'moved' },
      nothing,
      { kind: 'copied' },
      { kind: 'copied' },
      { kind: 'copied' },
    ]);
    expect({ removedCount, precision }).toEqual({ removedCount: 2, precision: 'exact' });
  });

  it('counts the equal pieces of a changed file, also those that lie elsewhere, and its shorter last one', () => {
    const content = bytesOf('pack', 70 * KIB);
    const changed = Buffer.from(content);
    changed.fill(0, 20 * KIB, 20 * KIB + 1);
    const old = release('1.0.0', { pack: content });
    const { atHand } = compareReleases(old, release('1.1.0', { pack: changed }));
    expect(atHand).toMatchObject([{ heldBytes: (70 - 16) * KIB }]);

    const swapped = Buffer.concat([content.subarray(32 * KIB, 48 * KIB), content.subarray(0, 30 * KIB)]);
    expect(compareReleases(old, release('1.1.0', { other: swapped })).atHand).toMatchObject([{ heldBytes: 32 * KIB }]);
  });

  it('folds shorter pieces into longer ones', () => {
    const content = bytesOf('pack', 150 * KIB);
    const changed = Buffer.from(content);
    changed.fill(0, 40 * KIB, 41 * KIB);
    const old = release('1.0.0', { pack: content }, 16 * KIB);
    const { atHand, precision } = compareReleases(old, release('1.1.0', { pack: changed }, 64 * KIB));
    expect(atHand).toMatchObject([{ heldBytes: (150 - 64) * KIB }]);
    expect(precision).toBe('exact');
  });

  it('says that it knows no more than a bound where the old pieces are longer', () => {
    const content = bytesOf('pack', 150 * KIB);
    const changed = Buffer.from(content);
    changed.fill(0, 40 * KIB, 41 * KIB);
    const old = release('1.0.0', { pack: content, same: bytesOf('same', 10) }, 64 * KIB);
    const { atHand, precision } = compareReleases(old, release('1.1.0', { pack: changed }, 16 * KIB));
    expect(atHand).toMatchObject([{ heldBytes: 0 }]);
    expect(precision).toBe('at_most');
    expect(compareReleases(old, release('1.1.0', { pack: content }, 16 * KIB)).precision).toBe('exact');
  });
});
