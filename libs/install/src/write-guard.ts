import type { FileSystem } from './file-system.ts';
import type { Inventory } from './inventory.ts';
import { InstallError } from './install-error.ts';
import { listOwn } from './tree-listing.ts';

/** By the errno that a path is refused with: what is the matter, and what to do. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  [
    'EACCES',
    'this user may not write there; run the launcher as the user who installed the game, or give this one the right',
  ],
  ['EPERM', 'it is protected against changes, or belongs to somebody else; take the protection off'],
  ['EROFS', 'the disk cannot be written to; make it writable'],
  ['EXDEV', 'another disk is mounted there; move its files into the directory itself'],
  ['ENOTDIR', 'something else is there; move it away'],
  ['EBUSY', 'a program uses it; close that program'],
  ['ETXTBSY', 'it runs; end it'],
  ['ENAMETOOLONG', 'the name is too long for this disk; move the install to where its path is shorter'],
]);

/** What a refusal means for whoever reads about it. */
export function remedyFor(errno: string): string {
  return REMEDIES.get(errno) ?? 'close what uses it, or get the right to write it';
}

/**
 * Refuses a move to another release while nothing is changed or fetched yet, when something in the install could not be changed.
 *
 * @throws {InstallError} `file_refused`
 */
export async function refuseProtected(files: FileSystem, inventory: Inventory): Promise<void> {
  const { target, tasks, removed, inTheWay, leftDirectories } = inventory;
  const placed = target.manifest.files.filter((_, fileIndex) => tasks[fileIndex]?.kind !== 'unchanged');
  const changed = [...placed.map(({ path }) => path), ...removed, ...inTheWay, ...leftDirectories];
  // What another user left there, once, would be in the way when it is too late.
  await refuseUnchangeable(files, [...changed, ...(await listOwn(files))]);
}

/**
 * Refuses paths of which one could not be replaced or removed: a commit that has begun has to come to its end.
 *
 * @throws {InstallError} `file_refused`
 */
export async function refuseUnchangeable(files: FileSystem, paths: readonly string[]): Promise<void> {
  const refusals = await files.refusals(paths);
  const refused = paths.filter((_, index) => refusals[index] !== undefined);
  const [path] = refused;
  if (path === undefined) return;
  const errno = refusals[paths.indexOf(path)] ?? '';
  const others = refused.length > 1 ? ` and ${refused.length - 1} others` : '';
  throw new InstallError(
    'file_refused',
    `change ${path}${others}: found ${errno}, wanted to replace or remove it: ${remedyFor(errno)}; nothing was changed`,
    { path },
  );
}
