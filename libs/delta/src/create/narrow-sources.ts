import { KIND_LITERAL, type OpList } from '../matching/index.ts';
import type { AddressSpace } from './address-space.ts';

/**
 * Leaves out of the old addresses the files that no operation reads, and gives the operations their new addresses.
 *
 * @returns The indexes of the files that are left, rising.
 */
export function narrowSources(ops: OpList, old: AddressSpace): number[] {
  const isUsed = new Uint8Array(old.files.length);
  for (let index = 0; index < ops.count; index += 1) {
    const source = ops.sources[index] ?? 0;
    if (ops.kinds[index] === KIND_LITERAL || source >= old.length) continue;
    const last = old.indexAt(source + (ops.lengths[index] ?? 0) - 1);
    for (let file = old.indexAt(source); file <= last; file += 1) isUsed[file] = 1;
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
  for (let index = 0; index < ops.count; index += 1) {
    if (ops.kinds[index] === KIND_LITERAL) continue;
    const source = ops.sources[index] ?? 0;
    ops.sources[index] = source - (source >= old.length ? newShift : (shifts[old.indexAt(source)] ?? 0));
  }
  return used;
}
