import { DeltaError } from '@swarmpatch/delta';

import { refusalOfPlace } from '../file-system/file-place.ts';

/** Refuses a place that no patch could be written to, before the work is done. @throws {DeltaError} `unwritable` */
export async function checkPatchPlace(path: string): Promise<void> {
  const refusal = await refusalOfPlace(path);
  if (refusal) throw new DeltaError('unwritable', `write patch ${JSON.stringify(path)}: ${refusal}`, { path });
}
