import {
  InstallError,
  JOURNAL_PATH,
  keepPatches,
  refuseWithoutSpace,
  spaceForContent,
  yieldUndo,
} from '@swarmpatch/install';
import type { Manifest } from '@swarmpatch/release';
import type { OpenInstall } from '../install/open-install.ts';
import type { Survey } from './survey.ts';

/**
 * Undo data and kept patches that are of no use for the way that was chosen give way to it.
 *
 * @throws {InstallError} `disk_full`
 */
export async function makeRoom(
  files: OpenInstall['files'],
  { inventory, plan, route }: Pick<Survey, 'inventory' | 'plan' | 'route'>,
): Promise<void> {
  const { manifest } = inventory.target;
  const { scratchBytes } = plan.chosen;
  const isShort = async (): Promise<boolean> => (await spaceForContent(files, manifest)) < scratchBytes;
  if (await isShort()) await yieldUndo(files, manifest);
  if (await isShort()) {
    await keepPatches(files, new Set(route.map(({ entry }) => entry.torrent.infohashV2)));
  }
  await refuseWithoutSpace(files, manifest, scratchBytes);
}

/** @returns whether undo data made room when others filled the disk in the middle of a move, so that it is worth another try. */
export async function makeMoreRoom(files: OpenInstall['files'], target: Manifest, failure: unknown): Promise<boolean> {
  if (!(failure instanceof InstallError && failure.code === 'disk_full')) return false;
  const gainedBytes = await yieldUndo(files, target);
  // What the journal says is finished by the next command.
  return gainedBytes > 0 && (await files.stat(JOURNAL_PATH)) === undefined;
}
