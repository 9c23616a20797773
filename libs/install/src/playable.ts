import { Buffer } from 'node:buffer';
import { forEachBounded } from './bounded.ts';
import { makeParents } from './durable-write.ts';
import { ancestorsOf, errnoOf, joinPath, type FileStat, type FileSystem } from './file-system.ts';
import { KEPT_DIRECTORY, PLAYABLE_DIRECTORY, PLAYABLE_LIST_PATH } from './layout.ts';
import { inSpace } from './space.ts';
import type { Staging } from './staging.ts';

/**
 * Shows files of a release that are whole already under their release paths, before the commit: links to where they are
 * now, copies where there are no links. The install stays as it is.
 *
 * @param fileIndexes Files of the target, all of whose pieces the staging has.
 * @returns The directory, relative to the install.
 * @throws {InstallError} `disk_full`
 */
export async function makePlayable(
  files: FileSystem,
  staging: Staging,
  fileIndexes: readonly number[],
): Promise<string> {
  await discardPlayable(files);
  return inSpace('show what is playable', async () => {
    const paths = fileIndexes.map((fileIndex) => pathOf(staging, fileIndex));
    const directories = new Set(paths.flatMap((path) => [...ancestorsOf(path)]));
    for (const directory of [...directories].sort()) await files.makeDirectory(directory);
    await forEachBounded([...fileIndexes], (fileIndex) => show(files, staging, fileIndex));
    await writeStamps(files, paths);
    return PLAYABLE_DIRECTORY;
  });
}

/**
 * Takes back what was shown. What a game that ran from there wrote, such as saves, is moved aside; what it still holds fast stays
 * until the next time.
 *
 * @returns The directory with what was moved aside, relative to the install.
 */
export async function discardPlayable(files: FileSystem): Promise<string | undefined> {
  const foreign: string[] = [];
  await sweep(files, PLAYABLE_DIRECTORY, await readStamps(files), foreign);
  await files.remove(PLAYABLE_LIST_PATH);
  if (foreign.length === 0) return undefined;
  const kept = await freeName(files);
  for (const path of foreign) {
    const to = joinPath(kept, path.slice(PLAYABLE_DIRECTORY.length + 1));
    await makeParents(files, to);
    await unlessRefused(() => files.rename(path, to));
  }
  await sweep(files, PLAYABLE_DIRECTORY, new Map(), []);
  return kept;
}

/** Removes what is the launcher's. @param foreign Takes the paths of what is not. */
async function sweep(
  files: FileSystem,
  directory: string,
  stamps: ReadonlyMap<string, string>,
  foreign: string[],
): Promise<void> {
  for (const { name, kind } of await files.list(directory)) {
    const path = joinPath(directory, name);
    if (kind === 'directory') await sweep(files, path, stamps, foreign);
    else if (isOwn(await files.stat(path), stamps.get(path))) await unlessRefused(() => files.remove(path));
    else foreign.push(path);
  }
  await files.removeDirectory(directory);
}

/** A link takes nothing away: its bytes are elsewhere, too. */
function isOwn(stat: FileStat | undefined, stamp: string | undefined): boolean {
  if (stat === undefined || stat.kind === 'link' || stat.linkCount > 1) return true;
  return stamp !== undefined && stampOf(stat) === stamp;
}

function stampOf({ lengthBytes, mtimeMs }: FileStat): string {
  return `${lengthBytes} ${mtimeMs}`;
}

async function writeStamps(files: FileSystem, paths: readonly string[]): Promise<void> {
  const stats = await files.statAll(paths);
  const stamps = paths.map((path, index) => [path, stats[index] && stampOf(stats[index])]);
  await files.write(PLAYABLE_LIST_PATH, Buffer.from(JSON.stringify(Object.fromEntries(stamps))));
}

/** A list that is lost or torn makes copies look like the player's: they are moved aside, and nothing is lost. */
async function readStamps(files: FileSystem): Promise<Map<string, string>> {
  if ((await files.stat(PLAYABLE_LIST_PATH)) === undefined) return new Map();
  try {
    const stamps = JSON.parse(Buffer.from(await files.read(PLAYABLE_LIST_PATH)).toString()) as Record<string, string>;
    return new Map(Object.entries(stamps));
  } catch {
    return new Map();
  }
}

async function freeName(files: FileSystem): Promise<string> {
  const taken = new Set((await files.list(KEPT_DIRECTORY)).map(({ name }) => name));
  let name = 'playable';
  for (let attempt = 2; taken.has(name); attempt += 1) name = `playable-${attempt}`;
  return joinPath(KEPT_DIRECTORY, name);
}

async function unlessRefused(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

async function show(files: FileSystem, staging: Staging, fileIndex: number): Promise<void> {
  const { target, tasks } = staging.inventory;
  const file = target.manifest.files[fileIndex];
  const path = pathOf(staging, fileIndex);
  if (file?.symlink !== undefined) return files.symlink(file.symlink, path);
  const executable = file?.executable === true;
  if (file?.piecesRoot === undefined) await files.write(path, new Uint8Array());
  else {
    const from = staging.locate(fileIndex);
    // A staged file gets this bit anyway; whatever else shares its bytes is not to be changed before the commit.
    if (tasks[fileIndex]?.kind === 'fetched') await files.setExecutable(from, executable);
    const isLinkable = (await files.stat(from))?.executable === executable;
    if (isLinkable && (await files.link(from, path))) return;
    await files.copy(from, path);
  }
  await files.setExecutable(path, executable);
}

function pathOf({ inventory }: Staging, fileIndex: number): string {
  return joinPath(PLAYABLE_DIRECTORY, inventory.target.manifest.files[fileIndex]?.path ?? '');
}
