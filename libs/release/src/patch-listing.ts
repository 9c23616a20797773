import { z } from 'zod';
import { decodeJson, encodeJson, firstIssue } from './json-document.ts';
import type { Manifest } from './manifest.ts';
import { parseGameId, parseVersion, patchRange } from './names.ts';
import { ReleaseError } from './release-error.ts';

/** Patches that one listing names. */
export const PATCHES_MAX = 512;
export const PATCH_LISTING_BYTES_MAX: number = 512 * 1024;

/** A patch that an origin made, and what using it costs. */
export interface PatchEntry {
  from: string;
  to: string;
  /** Infohashes of the two releases, hex: what the patch was made from, and what it makes. */
  fromInfohashV2: string;
  toInfohashV2: string;
  /** Length of the patch file. */
  bytes: number;
  /** The patch's own torrent: one file, named as `patchName` says. */
  torrent: { infohashV1: string; infohashV2: string };
  /** Bytes of new files that applying it writes. */
  writtenBytes: number;
  /** Bytes of old files that applying it reads. */
  oldReadBytes: number;
}

/**
 * The patches of a game that its origin offers, signed by the origin alone. It proves nothing about what a patch makes: it is a
 * hint, to be taken only between releases that the studio signed (`joinsReleases`), and every file that comes out is checked against
 * the signed release.
 */
export interface PatchListing {
  format: 1;
  game: string;
  /** Each pair of versions at most once. */
  patches: PatchEntry[];
}

const hex = (digits: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

const listingSchema = z.object({
  format: z.literal(1),
  game: z.string(),
  patches: z
    .array(
      z.object({
        from: z.string(),
        to: z.string(),
        fromInfohashV2: hex(64),
        toInfohashV2: hex(64),
        bytes: z.int().min(1),
        torrent: z.object({ infohashV1: hex(40), infohashV2: hex(64) }),
        writtenBytes: z.int().min(0),
        oldReadBytes: z.int().min(0),
      }),
    )
    .max(PATCHES_MAX),
});

/** @throws {ReleaseError} `bad_patch_listing`, `bad_game_id`, `bad_version` */
export function parsePatchListing(bytes: Uint8Array): PatchListing {
  const result = bytes.byteLength > PATCH_LISTING_BYTES_MAX ? undefined : listingSchema.safeParse(decodeJson(bytes));
  if (!result?.success) throw bad(result ? firstIssue(result.error) : `more than ${PATCH_LISTING_BYTES_MAX} bytes`);
  checkListing(result.data);
  return result.data;
}

/**
 * The same listing gives the same bytes, whatever the order of its members.
 *
 * @throws {ReleaseError} as `parsePatchListing`: what is written can be read.
 */
export function encodePatchListing(listing: PatchListing): Uint8Array {
  checkListing(listing);
  const { format, game, patches } = listing;
  const bytes = encodeJson({
    format,
    game,
    patches: patches.map((patch) => ({
      from: patch.from,
      to: patch.to,
      fromInfohashV2: patch.fromInfohashV2,
      toInfohashV2: patch.toInfohashV2,
      bytes: patch.bytes,
      torrent: { infohashV1: patch.torrent.infohashV1, infohashV2: patch.torrent.infohashV2 },
      writtenBytes: patch.writtenBytes,
      oldReadBytes: patch.oldReadBytes,
    })),
  });
  if (bytes.byteLength > PATCH_LISTING_BYTES_MAX) throw bad(`more than ${PATCH_LISTING_BYTES_MAX} bytes`);
  return bytes;
}

/**
 * Whether a patch goes from one signed release to another: both the versions and the infohashes are theirs.
 *
 * @param from Manifest of the installed release, which came from a signed target.
 * @param to Manifest of the wanted one, likewise.
 */
export function joinsReleases(
  patch: PatchEntry,
  from: Pick<Manifest, 'version' | 'torrent'>,
  to: Pick<Manifest, 'version' | 'torrent'>,
): boolean {
  return (
    patch.from === from.version &&
    patch.to === to.version &&
    patch.fromInfohashV2 === from.torrent.infohashV2 &&
    patch.toInfohashV2 === to.torrent.infohashV2
  );
}

function checkListing({ game, patches }: PatchListing): void {
  parseGameId(game);
  if (patches.length > PATCHES_MAX) throw bad(`${patches.length} patches, wanted at most ${PATCHES_MAX}`);
  const pairs = new Set<string>();
  for (const { from, to } of patches) {
    const pair = patchRange(parseVersion(from), parseVersion(to));
    if (from === to) throw bad(`a patch from ${from} to itself`);
    if (pairs.has(pair)) throw bad(`${pair} twice`);
    pairs.add(pair);
  }
}

function bad(found: string): ReleaseError {
  return new ReleaseError('bad_patch_listing', `read patch listing: found ${found}`);
}
