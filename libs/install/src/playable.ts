import { forEachBounded } from './bounded.ts';
import { removeTree } from './durable-write.ts';
import { ancestorsOf, errnoOf, joinPath, type FileSystem } from './file-system.ts';
import { PLAYABLE_DIRECTORY } from './layout.ts';
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
    return PLAYABLE_DIRECTORY;
  });
}

/** What a running game holds fast stays until the next time. */
export async function discardPlayable(files: FileSystem): Promise<void> {
  try {
    await removeTree(files, PLAYABLE_DIRECTORY);
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
