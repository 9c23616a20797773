import { inSpace } from './space.ts';
import { ancestorsOf, parentOf, type FileSystem } from './file-system.ts';

/** Ends the name of a file that is not whole yet. */
export const TEMPORARY_SUFFIX = '.tmp';

/**
 * Writes a file so that after a power cut it holds the old bytes or the new ones: write beside it, sync, rename, sync the
 * directory.
 *
 * @throws {InstallError} `disk_full`
 */
export async function writeDurably(files: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  await inSpace(`write ${path}`, async () => {
    const temporary = `${path}${TEMPORARY_SUFFIX}`;
    try {
      await files.write(temporary, bytes);
      await files.sync([temporary]);
      await files.rename(temporary, path);
    } catch (error) {
      // On a full disk its room is needed.
      await files.remove(temporary).catch(() => undefined);
      throw error;
    }
    await files.syncDirectories([parentOf(path)]);
  });
}

/** Makes the directories above a path where they are missing, and their names durable. */
export async function makeParents(files: FileSystem, path: string): Promise<void> {
  for (const directory of ancestorsOf(path)) {
    if ((await files.stat(directory)) !== undefined) continue;
    await files.makeDirectory(directory);
    await files.syncDirectories([parentOf(directory)]);
  }
}

/** Removes a directory of the launcher's own with all that is in it. */
export async function removeTree(files: FileSystem, directory: string): Promise<void> {
  for (const entry of await files.list(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.kind === 'directory') await removeTree(files, path);
    else await files.remove(path);
  }
  await files.removeDirectory(directory);
}
