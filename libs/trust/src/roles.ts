/** The top-level roles of TUF 1.0. */
export type RoleName = 'root' | 'targets' | 'snapshot' | 'timestamp';

/** The one role that targets delegate to, if any: the origin's own word on the patches that it offers. */
export const PATCHES_ROLE = 'patches';
/** The only targets that the delegation covers. */
export const PATCHES_PATH_PATTERN = 'patches/*';
/** The one target that `patches` names. */
export const PATCH_LISTING_TARGET_PATH = 'patches/listing.json';

export type MetadataRole = RoleName | typeof PATCHES_ROLE;

const KIB = 1024;
const DAY_MS = 86_400_000;

/** Largest metadata file of each role, bytes. Targets hold about 400 bytes a release. */
export const metadataBytesMax: Readonly<Record<MetadataRole, number>> = {
  root: 256 * KIB,
  targets: 16 * 1024 * KIB,
  snapshot: 64 * KIB,
  timestamp: 16 * KIB,
  patches: 16 * KIB,
};

/** How long freshly signed metadata holds, milliseconds. Offline roles live long; the timestamp bounds a freeze. */
export const roleLifetimeMs: Readonly<Record<MetadataRole, number>> = {
  root: 5 * 365 * DAY_MS,
  targets: 2 * 365 * DAY_MS,
  snapshot: 30 * DAY_MS,
  timestamp: 2 * DAY_MS,
  patches: 30 * DAY_MS,
};

/** No genuine clock is earlier than this product: 2026-01-01. */
export const CLOCK_MS_MIN: number = Date.UTC(2026, 0, 1);

/** Newer roots that one refresh follows. */
export const ROOT_ROTATIONS_MAX = 256;
/** Keys in a root, and signatures on any metadata file. */
export const KEYS_MAX = 64;
/** Largest target document that is fetched into memory: a manifest or a `release.torrent` of hundreds of thousands of files. */
export const TARGET_BYTES_MAX: number = 256 * 1024 * KIB;

/** The file that the repository serves (consistent snapshots: all but the timestamp carry their version). */
export function metadataFileName(role: MetadataRole, version: number): string {
  return role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`;
}

/** The file that holds a target's bytes: `targets/<dir>/<sha256>.<name>`, so that old and new content never collide. */
export function targetFileName(path: string, sha256: string): string {
  const slash = path.lastIndexOf('/');
  return `targets/${path.slice(0, slash + 1)}${sha256}.${path.slice(slash + 1)}`;
}

export function manifestTargetPath(version: string): string {
  return `releases/${version}/manifest.json`;
}

export function torrentTargetPath(version: string): string {
  return `releases/${version}/release.torrent`;
}

export function channelTargetPath(channel: string): string {
  return `channels/${channel}.json`;
}
