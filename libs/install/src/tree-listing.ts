import { joinPath, type DirectoryEntry, type FileSystem } from './file-system.ts';
import { KEPT_DIRECTORY, STATE_DIRECTORY } from './layout.ts';

/** Everything in a directory and below that is no directory, sorted; of the whole install all but the launcher's own files. */
export async function listFiles(files: FileSystem, directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, kind } of walk(files, directory, STATE_DIRECTORY))
    if (kind !== 'directory') found.push(path);
  return found.sort();
}

/** The launcher's own files and directories, without what it keeps for the player. */
export async function listOwn(files: FileSystem): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of walk(files, STATE_DIRECTORY, KEPT_DIRECTORY)) found.push(path);
  return found;
}

async function* walk(
  files: FileSystem,
  directory: string,
  without: string,
): AsyncGenerator<Pick<DirectoryEntry, 'kind'> & { path: string }, void> {
  const waiting = [directory];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const { name, kind } of await files.list(next)) {
      const path = joinPath(next, name);
      if (path === without) continue;
      if (kind === 'directory') waiting.push(path);
      yield { path, kind };
    }
  }
}
