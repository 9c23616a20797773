import { makeParents, writeDurably } from './durable-write.ts';
import { joinPath, type FileSystem } from './file-system.ts';
import { PATCHES_DIRECTORY } from './layout.ts';

/** A patch that was used is served for so long. */
export const KEPT_PATCH_DAYS_MAX = 14;
/** Of all that are kept, newest first. */
export const KEPT_PATCHES_BYTES_MAX: number = 1024 * 1024 * 1024;
export const KEPT_PATCHES_MAX = 16;

const DAY_MS = 24 * 60 * 60 * 1000;
const CONTENT_SUFFIX = '.patch';
const TORRENT_SUFFIX = '.torrent';

/** A patch in `.swarmpatch/patches`, whole or not. */
export interface KeptPatch {
  /** v2, hex: names its files. */
  infohash: string;
  /** Room that it takes. */
  bytes: number;
  /** When it was last written to. */
  mtimeMs: number;
}

export function patchContentPath(infohash: string): string {
  return joinPath(PATCHES_DIRECTORY, `${infohash}${CONTENT_SUFFIX}`);
}

export function patchTorrentPath(infohash: string): string {
  return joinPath(PATCHES_DIRECTORY, `${infohash}${TORRENT_SUFFIX}`);
}

/** @throws {InstallError} `disk_full` */
export async function savePatchTorrent(files: FileSystem, infohash: string, bytes: Uint8Array): Promise<void> {
  const path = patchTorrentPath(infohash);
  await makeParents(files, path);
  await writeDurably(files, path, bytes);
}

/** Newest first. */
export async function listPatches(files: FileSystem): Promise<KeptPatch[]> {
  const entries = await files.list(PATCHES_DIRECTORY);
  const names = entries.map(({ name }) => name).filter((name) => name.endsWith(CONTENT_SUFFIX));
  const stats = await files.statAll(names.map((name) => joinPath(PATCHES_DIRECTORY, name)));
  const patches: KeptPatch[] = [];
  for (const [index, name] of names.entries()) {
    const stat = stats[index];
    if (stat?.kind !== 'file') continue;
    const { allocatedBytes: bytes, mtimeMs } = stat;
    patches.push({ infohash: name.slice(0, -CONTENT_SUFFIX.length), bytes, mtimeMs });
  }
  return patches.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.infohash < b.infohash ? -1 : 1));
}

/**
 * Removes what the rule does not keep: what is older than `KEPT_PATCH_DAYS_MAX`, what is more than `KEPT_PATCHES_MAX`, and what does
 * not fit into `KEPT_PATCHES_BYTES_MAX` beside all newer ones. Files there that belong to no patch go, too.
 *
 * @param used Infohashes of patches that stay in any case.
 */
export async function prunePatches(
  files: FileSystem,
  nowMs: number,
  used: ReadonlySet<string> = new Set(),
): Promise<void> {
  const keep = new Set(used);
  let keptBytes = 0;
  for (const { infohash, bytes, mtimeMs } of await listPatches(files)) {
    keptBytes += bytes;
    const isYoung = nowMs - mtimeMs < KEPT_PATCH_DAYS_MAX * DAY_MS;
    if (isYoung && keptBytes <= KEPT_PATCHES_BYTES_MAX && keep.size < KEPT_PATCHES_MAX) keep.add(infohash);
  }
  await keepPatches(files, keep);
}

/** Removes all patches but these. @param infohashes v2, hex. */
export async function keepPatches(files: FileSystem, infohashes: ReadonlySet<string>): Promise<void> {
  for (const { name } of await files.list(PATCHES_DIRECTORY)) {
    if (!infohashes.has(name.split('.', 1)[0] ?? '')) await files.remove(joinPath(PATCHES_DIRECTORY, name));
  }
  if (infohashes.size === 0) await files.removeDirectory(PATCHES_DIRECTORY);
}
