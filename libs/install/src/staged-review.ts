import type { Inventory } from './inventory.ts';
import { findHeldPieces, findStagedPieces, type StagedPiecesInput } from './staged-pieces.ts';

/**
 * Finds again what is staged of an inventory's files, after something else than `Staging` wrote there: all of it is read.
 *
 * @param input `further` are other files that pieces may be copied from until the staging is open.
 */
export async function reviewStaged(
  inventory: Inventory,
  input: Omit<StagedPiecesInput, 'target' | 'depth' | 'stagedPieces'>,
): Promise<void> {
  const { tasks, target } = inventory;
  for (const task of tasks) {
    if (task.kind !== 'fetched') continue;
    Object.assign(task, { held: [], staged: [], allocatedBytes: 0 });
    delete task.seenWhole;
    delete task.rewrite;
  }
  const deep: StagedPiecesInput = { ...input, target, depth: 'deep' };
  await findStagedPieces(deep, tasks);
  await findHeldPieces(deep, inventory);
}
