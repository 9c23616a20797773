import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodePatchListing,
  joinsReleases,
  parsePatchListing,
  PATCH_LISTING_BYTES_MAX,
  PATCHES_MAX,
  type PatchEntry,
  type PatchListing,
} from './patch-listing.ts';
import { ReleaseError } from './release-error.ts';

function patch(from: string, to: string, overrides: Partial<PatchEntry> = {}): PatchEntry {
  return {
    from,
    to,
    fromInfohashV2: 'a'.repeat(64),
    toInfohashV2: 'b'.repeat(64),
    bytes: 70_680,
    torrent: { infohashV1: 'c'.repeat(40), infohashV2: 'd'.repeat(64) },
    writtenBytes: 3_000_000,
    oldReadBytes: 2_900_000,
    ...overrides,
  };
}

function listing(...patches: PatchEntry[]): PatchListing {
  return { format: 1, game: 'starfall', patches };
}

function encoded(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

describe('parsePatchListing()', () => {
  it('reads what encodePatchListing() wrote, also the longest that may be', () => {
    const long = 'x'.repeat(55);
    const most = listing(
      ...Array.from({ length: PATCHES_MAX }, (_, index) => patch(`1.${index}.0-${long}`, `2.0.0-${long}`)),
    );
    for (const one of [listing(), listing(patch('1.0.0', '1.1.0'), patch('1.0.1', '1.1.0')), most])
      expect(parsePatchListing(encodePatchListing(one))).toEqual(one);
  });

  it.each<[string, unknown]>([
    ['another format', { ...listing(), format: 2 }],
    ['a patch to the same version', listing(patch('1.0.0', '1.0.0'))],
    ['the same pair twice', listing(patch('1.0.0', '1.1.0'), patch('1.0.0', '1.1.0', { bytes: 1 }))],
    ['an empty patch', listing(patch('1.0.0', '1.1.0', { bytes: 0 }))],
    ['a fraction of a byte', listing(patch('1.0.0', '1.1.0', { writtenBytes: 0.5 }))],
    ['more than a safe integer', listing(patch('1.0.0', '1.1.0', { oldReadBytes: 2 ** 53 }))],
    ['a short infohash', listing(patch('1.0.0', '1.1.0', { toInfohashV2: 'b'.repeat(40) }))],
    ['capitals in an infohash', listing(patch('1.0.0', '1.1.0', { fromInfohashV2: 'A'.repeat(64) }))],
    [
      'too many patches',
      listing(...Array.from({ length: PATCHES_MAX + 1 }, (_, index) => patch(`1.${index}.0`, '2.0.0'))),
    ],
    ['spaces past the limit', { ...listing(), notes: ' '.repeat(PATCH_LISTING_BYTES_MAX) }],
  ])('refuses %s', (_, document) => {
    expect(() => parsePatchListing(encoded(document))).toThrow(expect.objectContaining({ code: 'bad_patch_listing' }));
  });

  it('refuses names that are no versions and no game', () => {
    expect(() => parsePatchListing(encoded(listing(patch('../1.0.0', '1.1.0'))))).toThrow(
      expect.objectContaining({ code: 'bad_version' }),
    );
    expect(() => parsePatchListing(encoded({ ...listing(), game: 'A/B' }))).toThrow(
      expect.objectContaining({ code: 'bad_game_id' }),
    );
  });

  it('gives a listing or a ReleaseError for any change of a valid one, and for any bytes', () => {
    const valid = encodePatchListing(listing(patch('1.0.0', '1.1.0'), patch('1.0.1', '1.1.0')));
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? valid.subarray(0, at) : valid.slice();
        if (!cut) bytes[at] = byte;
        try {
          const read = parsePatchListing(bytes);
          expect(parsePatchListing(encodePatchListing(read))).toEqual(read);
        } catch (error) {
          if (!(error instanceof ReleaseError)) throw error;
        }
      }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          expect(() => parsePatchListing(bytes)).toThrow(ReleaseError);
        },
      ),
    );
  });
});

describe('joinsReleases()', () => {
  const release = (version: string, digit: string) => ({
    version,
    torrent: { infohashV1: '0'.repeat(40), infohashV2: digit.repeat(64), pieceLength: 16_384 },
  });

  it('takes a patch only between the very releases whose infohashes it names', () => {
    const one = patch('1.0.0', '1.1.0');
    expect(joinsReleases(one, release('1.0.0', 'a'), release('1.1.0', 'b'))).toBe(true);
    expect(joinsReleases(one, release('1.0.0', 'e'), release('1.1.0', 'b'))).toBe(false);
    expect(joinsReleases(one, release('1.0.0', 'a'), release('1.1.0', 'e'))).toBe(false);
    expect(joinsReleases(one, release('1.1.0', 'a'), release('1.0.0', 'b'))).toBe(false);
  });
});
