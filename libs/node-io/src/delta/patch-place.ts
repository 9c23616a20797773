import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { DeltaError } from '@swarmpatch/delta';

/** Refuses a place that no patch could be written to, before the work is done. @throws {DeltaError} `unwritable` */
export async function checkPatchPlace(path: string): Promise<void> {
  const directory = dirname(resolve(path));
  const isDirectory = await stat(directory).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  const isTaken = await stat(path).then(
    (stats) => !stats.isFile(),
    () => false,
  );
  if (!isDirectory) throw unwritable(path, `${JSON.stringify(directory)} is no directory; make it first`);
  if (isTaken) throw unwritable(path, 'something that is not a file is there; give another name');
}

function unwritable(path: string, found: string): DeltaError {
  return new DeltaError('unwritable', `write patch ${JSON.stringify(path)}: ${found}`, { path });
}
