import { keepPatches, refuseWithoutSpace, spaceForContent } from '@swarmpatch/install';
import type { OpenInstall } from '../install/open-install.ts';
import type { Survey } from './survey.ts';

/** Kept patches that are of no use for the way that was chosen give way to it. @throws {InstallError} `disk_full` */
export async function makeRoom(
  files: OpenInstall['files'],
  { inventory, plan, route }: Pick<Survey, 'inventory' | 'plan' | 'route'>,
): Promise<void> {
  const fileCount = inventory.target.manifest.files.length;
  const { scratchBytes } = plan.chosen;
  if ((await spaceForContent(files, fileCount)) < scratchBytes) {
    await keepPatches(files, new Set(route.map(({ entry }) => entry.torrent.infohashV2)));
  }
  await refuseWithoutSpace(files, { scratchBytes, fileCount });
}
