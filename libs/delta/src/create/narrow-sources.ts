import type { PatchOp } from '../matching/index.ts';
import type { AddressSpace } from './address-space.ts';

/**
 * Leaves out of the old addresses the files that no operation reads.
 *
 * @returns The operations with their new addresses, and the indexes of the files that are left, rising.
 */
export function narrowSources(
  ops: readonly PatchOp[],
  old: AddressSpace,
): { readonly ops: readonly PatchOp[]; readonly used: readonly number[] } {
  const isUsed = new Uint8Array(old.files.length);
  for (const op of ops) {
    if (op.kind === 'literal' || op.source >= old.length) continue;
    const last = old.indexAt(op.source + op.length - 1);
    for (let index = old.indexAt(op.source); index <= last; index += 1) isUsed[index] = 1;
  }
  const used: number[] = [];
  const shifts = new Float64Array(old.files.length);
  let start = 0;
  for (const [index, file] of old.files.entries()) {
    shifts[index] = file.start - start;
    if (isUsed[index] !== 1) continue;
    used.push(index);
    start += file.length;
  }
  const newShift = old.length - start;
  const moved = ops.map((op): PatchOp => {
    if (op.kind === 'literal') return op;
    const shift = op.source >= old.length ? newShift : (shifts[old.indexAt(op.source)] ?? 0);
    return shift === 0 ? op : { ...op, source: op.source - shift };
  });
  return { ops: moved, used };
}
