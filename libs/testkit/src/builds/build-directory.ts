import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Build, BuildFile } from './build.ts';

/** Writes a build into a directory that has none of its files; makes the directory when it is missing. */
export async function writeBuild(build: Build, directory: string): Promise<void> {
  const directories = new Set(build.map((file) => dirname(join(directory, file.path))));
  for (const path of [directory, ...directories]) await mkdir(path, { recursive: true });
  for (const file of build) {
    const path = join(directory, file.path);
    if (file.symlink !== undefined) {
      await symlink(file.symlink, path);
      continue;
    }
    await writeFile(path, file.content);
    if (file.executable) await chmod(path, 0o755);
  }
}

/** Reads a directory back, to be compared with a build; entries at the top whose name is in `skip` are left out. */
export async function readBuild(directory: string, options: { skip?: readonly string[] } = {}): Promise<Build> {
  const { skip = [] } = options;
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const files: BuildFile[] = [];
  for (const entry of entries) {
    const absolutePath = join(entry.parentPath, entry.name);
    const path = absolutePath
      .slice(directory.length + 1)
      .split(sep)
      .join('/');
    if (skip.includes(path.split('/', 1)[0] ?? '') || entry.isDirectory()) continue;
    if (entry.isSymbolicLink()) {
      files.push({ path, content: new Uint8Array(0), executable: false, symlink: await readlink(absolutePath) });
      continue;
    }
    const executable = ((await stat(absolutePath)).mode & 0o100) !== 0;
    files.push({ path, content: new Uint8Array(await readFile(absolutePath)), executable });
  }
  return files.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}
