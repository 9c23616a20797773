import { joinPath, type FileSystem } from './file-system.ts';
import { STATE_DIRECTORY } from './layout.ts';

/** Everything in a directory and below that is no directory, sorted; of the whole install all but the launcher's own files. */
export async function listFiles(files: FileSystem, directory: string): Promise<string[]> {
  const found: string[] = [];
  const waiting = [directory];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const { name, kind } of await files.list(next)) {
      const path = joinPath(next, name);
      if (path === STATE_DIRECTORY) continue;
      if (kind === 'directory') waiting.push(path);
      else found.push(path);
    }
  }
  return found.sort();
}
