import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Why no file could be written at a path, and what to do; undefined where one could. */
export async function refusalOfPlace(path: string): Promise<string | undefined> {
  const directory = dirname(resolve(path));
  const isDirectory = await stat(directory).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isDirectory) return `${JSON.stringify(directory)} is no directory; make it first`;
  const isTaken = await stat(path).then(
    (stats) => !stats.isFile(),
    () => false,
  );
  return isTaken ? 'something that is not a file is there; give another name' : undefined;
}
