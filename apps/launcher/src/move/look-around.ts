import { FileIndex, takeInventory, type Inventory, type InventoryInput } from '@swarmpatch/install';
import type { CommandContext } from '@swarmpatch/terminal';
import type { OpenInstall } from '../install/open-install.ts';
import type { Release } from '../origin/release-source.ts';
import { inPhase } from './phases.ts';

type Wanted = Pick<InventoryInput, 'target' | 'depth' | 'shownEarly' | 'stagedPieces'>;

/** Looks where in an install, in which a release is, the content of another one is; remembers what it read. */
export async function lookAround(
  { files, hasher }: Pick<OpenInstall, 'files' | 'hasher'>,
  before: Release | undefined,
  wanted: Wanted,
  context: CommandContext,
): Promise<Inventory> {
  const index = await FileIndex.load(files);
  const inventory = await inPhase(context, 'check', (onProgress) =>
    takeInventory({
      ...{ files, hasher, index, installed: before?.manifest, installedPieces: before?.pieces },
      ...wanted,
      ...{ signal: context.signal, onProgress },
    }),
  );
  await index.save(files);
  return inventory;
}
