import {
  idleUndoBytes,
  InstallError,
  JOURNAL_PATH,
  keepPatches,
  listPatches,
  refuseWithoutSpace,
  spaceForContent,
  yieldUndo,
  type FileSystem,
} from '@swarmpatch/install';
import type { Manifest } from '@swarmpatch/release';
import type { Survey } from './survey.ts';

/**
 * Undo data and kept patches that are of no use for the way that was chosen give way to it, unless there is too little room even then.
 *
 * @throws {InstallError} `disk_full`
 */
export async function makeRoom(
  files: FileSystem,
  { inventory, plan, route }: Pick<Survey, 'inventory' | 'plan' | 'route'>,
): Promise<void> {
  const { manifest } = inventory.target;
  const { scratchBytes } = plan.chosen;
  const needed = new Set(route.map(({ entry }) => entry.torrent.infohashV2));
  const idlePatches = (await listPatches(files)).filter(({ infohash }) => !needed.has(infohash));
  const idleBytes = idlePatches.reduce((sum, { bytes }) => sum + bytes, await idleUndoBytes(files, manifest));
  await refuseWithoutSpace(files, manifest, scratchBytes, idleBytes);
  const isShort = async (): Promise<boolean> => (await spaceForContent(files, manifest)) < scratchBytes;
  if (await isShort()) await yieldUndo(files, manifest);
  if (await isShort()) await keepPatches(files, needed);
  await refuseWithoutSpace(files, manifest, scratchBytes);
}

/** @returns whether undo data made room when others filled the disk in the middle of a move, so that it is worth another try. */
export async function makeMoreRoom(files: FileSystem, target: Manifest, failure: unknown): Promise<boolean> {
  if (!(failure instanceof InstallError && failure.code === 'disk_full')) return false;
  const gainedBytes = await yieldUndo(files, target);
  // What the journal says is finished by the next command.
  return gainedBytes > 0 && (await files.stat(JOURNAL_PATH)) === undefined;
}
