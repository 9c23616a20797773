import type { PatchEntry } from '../format/listing.ts';
import type { PatchOp } from '../matching/index.ts';
import type { PatchFile } from '../tree.ts';
import type { AddressSpace } from './address-space.ts';
import { defeatedFiles, entropyBits, mayBeDefeated, type DefeatedFile, type FileOutcome } from './defeated-files.ts';

const COUNT_READ_BYTES = 4 * 1024 * 1024;

export interface FileCost {
  readonly path: string;
  readonly lengthBytes: number;
  /** Before compression. */
  readonly literalBytes: number;
}

export function costsOf(written: readonly PatchFile[], ops: readonly PatchOp[]): FileCost[] {
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

/** Reads what may be defeated, which was read for matching as well. */
export async function findDefeated(
  costs: readonly FileCost[],
  entries: readonly PatchEntry[],
  space: AddressSpace,
): Promise<DefeatedFile[]> {
  const replaced = new Set(entries.filter((entry) => entry.replaces).map((entry) => entry.path));
  const outcomes: FileOutcome[] = [];
  for (const [index, cost] of costs.entries()) {
    const start = space.files[index]?.start ?? 0;
    const replaces = replaced.has(cost.path);
    if (!mayBeDefeated({ ...cost, replaces })) continue;
    const counts = new Float64Array(256);
    for (let at = 0; at < cost.lengthBytes; at += COUNT_READ_BYTES) {
      const bytes = await space.read(start + at, Math.min(COUNT_READ_BYTES, cost.lengthBytes - at));
      for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
    }
    outcomes.push({ ...cost, replaces, entropyBits: entropyBits(counts) });
  }
  return defeatedFiles(outcomes);
}
