import { execFile } from 'node:child_process';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { platform } from 'node:process';
import { promisify } from 'node:util';
import { eachInParallel } from './parallel.ts';

/** From here on one flush of the whole file system (syncfs) is cheaper than one of each file. */
const SYNC_EACH_MAX = 128;
const SYNCS_AT_ONCE = 16;

const run = promisify(execFile);

/**
 * Makes the content of files, or the entries of directories, survive a power cut. All are on the file system of `directory`.
 *
 * @param paths Can be gone through more than once.
 * @param absoluteOf Where a path is; asked only for those that are synced one by one.
 */
export async function syncPaths(
  paths: Iterable<string>,
  directory: string,
  absoluteOf: (path: string) => string = (path) => path,
): Promise<void> {
  if (areMoreThan(paths, SYNC_EACH_MAX) && (await syncFileSystem(directory))) return;
  await eachInParallel(paths, SYNCS_AT_ONCE, (path) => syncPath(absoluteOf(path)));
}

function areMoreThan(paths: Iterable<string>, countMax: number): boolean {
  let count = 0;
  for (const _ of paths) {
    count += 1;
    if (count > countMax) return true;
  }
  return false;
}

/** @returns false where the system has no such command. */
async function syncFileSystem(directory: string): Promise<boolean> {
  if (platform !== 'linux') return false;
  try {
    await run('sync', ['--file-system', directory]);
    return true;
  } catch {
    return false;
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await openForSync(path);
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
}

/** Windows syncs only what is open for writing, and keeps directories' entries itself. */
async function openForSync(path: string): Promise<FileHandle | undefined> {
  if (platform !== 'win32') return open(path, 'r');
  return (await stat(path)).isDirectory() ? undefined : open(path, 'r+');
}
