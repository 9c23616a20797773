import type { PatchOp } from '../matching/index.ts';
import type { TreeFile } from '../tree.ts';

/** What a written file costs in a patch. */
export interface FileCost {
  readonly path: string;
  readonly lengthBytes: number;
  /** Of its bytes, those that nothing was found for; before compression. */
  readonly literalBytes: number;
}

/** @param ops What makes the written files, one after another. */
export function costsOf(written: readonly TreeFile[], ops: Iterable<PatchOp>): FileCost[] {
  const costs = written.map(({ path, lengthBytes }) => ({ path, lengthBytes, literalBytes: 0 }));
  let index = 0;
  let end = costs[0]?.lengthBytes ?? 0;
  let at = 0;
  for (const op of ops) {
    for (let left = op.length; left > 0;) {
      while (at >= end && index < costs.length - 1) {
        index += 1;
        end += costs[index]?.lengthBytes ?? 0;
      }
      const count = Math.min(left, end - at);
      if (count <= 0) break;
      const cost = costs[index];
      if (op.kind === 'literal' && cost) cost.literalBytes += count;
      at += count;
      left -= count;
    }
  }
  return costs;
}
