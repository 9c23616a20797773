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
const REFUSAL_SUFFIX = '.refused';

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

/** Says that a patch was tried and did not make what it should: it is not fetched for that again. */
export function patchRefusalPath(infohash: string): string {
  return joinPath(PATCHES_DIRECTORY, `${infohash}${REFUSAL_SUFFIX}`);
}

/** Removes a patch that did not make what it should. */
export async function refusePatch(files: FileSystem, infohash: string): Promise<void> {
  await files.remove(patchContentPath(infohash));
  await files.remove(patchTorrentPath(infohash));
  await files.write(patchRefusalPath(infohash), new Uint8Array());
}

/** @throws {InstallError} `disk_full` */
export async function savePatchTorrent(files: FileSystem, infohash: string, bytes: Uint8Array): Promise<void> {
  const path = patchTorrentPath(infohash);
  await makeParents(files, path);
  await writeDurably(files, path, bytes);
}

/** Newest first. */
export async function listPatches(files: FileSystem): Promise<KeptPatch[]> {
  return listEndingWith(files, CONTENT_SUFFIX);
}

/**
 * Removes what the rule does not keep: what is older than `KEPT_PATCH_DAYS_MAX`, what is more than `KEPT_PATCHES_MAX`, and what does
 * not fit into `KEPT_PATCHES_BYTES_MAX` beside all newer ones. Files there that belong to no patch go, too.
 *
 * @param nowMs Wall clock, milliseconds since 1970.
 */
export async function prunePatches(files: FileSystem, nowMs: number): Promise<void> {
  const isYoung = ({ mtimeMs }: KeptPatch): boolean => nowMs - mtimeMs < KEPT_PATCH_DAYS_MAX * DAY_MS;
  const refused = (await listEndingWith(files, REFUSAL_SUFFIX)).filter(isYoung);
  const keep = new Set<string>();
  let keptBytes = 0;
  for (const patch of await listPatches(files)) {
    keptBytes += patch.bytes;
    if (isYoung(patch) && keptBytes <= KEPT_PATCHES_BYTES_MAX && keep.size < KEPT_PATCHES_MAX) keep.add(patch.infohash);
  }
  for (const { infohash } of refused) keep.add(infohash);
  await keepPatches(files, keep);
}

/** Removes all patches but these. @param infohashes v2, hex. */
export async function keepPatches(files: FileSystem, infohashes: ReadonlySet<string>): Promise<void> {
  for (const { name } of await files.list(PATCHES_DIRECTORY)) {
    if (!infohashes.has(name.split('.', 1)[0] ?? '')) await files.remove(joinPath(PATCHES_DIRECTORY, name));
  }
  if (infohashes.size === 0) await files.removeDirectory(PATCHES_DIRECTORY);
}

async function listEndingWith(files: FileSystem, suffix: string): Promise<KeptPatch[]> {
  const entries = await files.list(PATCHES_DIRECTORY);
  const names = entries.map(({ name }) => name).filter((name) => name.endsWith(suffix));
  const stats = await files.statAll(names.map((name) => joinPath(PATCHES_DIRECTORY, name)));
  const patches: KeptPatch[] = [];
  for (const [index, name] of names.entries()) {
    const stat = stats[index];
    if (stat?.kind !== 'file') continue;
    patches.push({ infohash: name.slice(0, -suffix.length), bytes: stat.allocatedBytes, mtimeMs: stat.mtimeMs });
  }
  return patches.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.infohash < b.infohash ? -1 : 1));
}
