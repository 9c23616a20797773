import type { MatchInput } from './match-input.ts';
import type { PatchOp } from './patch-op.ts';

const BLOCK_LENGTH_BYTES = 32;
const MULTIPLIER = 0x01000193;
/** What a byte that leaves the block has been multiplied by. */
const LEAVING_FACTOR = Array.from({ length: BLOCK_LENGTH_BYTES - 1 }).reduce<number>(
  (factor) => Math.imul(factor, MULTIPLIER),
  1,
);

/** Finds where new repeats whole blocks of old, at any offset of new, and widens each match both ways. */
export async function matchContent(input: MatchInput): Promise<readonly PatchOp[]> {
  const old = await input.old.read(0, input.old.length);
  const fresh = await input.new.read(0, input.new.length);
  const table = indexBlocks(old);
  const ops: PatchOp[] = [];
  let done = 0;
  let hash = hashOf(fresh, 0);
  for (let at = 0; at + BLOCK_LENGTH_BYTES <= fresh.length;) {
    const candidate = (table[slotOf(hash, table)] ?? 0) - 1;
    const length = candidate < 0 ? 0 : matchLength(old, candidate, fresh, at);
    if (length < BLOCK_LENGTH_BYTES) {
      hash = Math.imul(hash - Math.imul(fresh[at] ?? 0, LEAVING_FACTOR), MULTIPLIER);
      hash = (hash + (fresh[at + BLOCK_LENGTH_BYTES] ?? 0)) | 0;
      at += 1;
      continue;
    }
    let back = 0;
    while (at - back > done && candidate > back && fresh[at - back - 1] === old[candidate - back - 1]) back += 1;
    if (at - back > done) ops.push({ kind: 'literal', length: at - back - done });
    ops.push({ kind: 'copy', source: candidate - back, length: back + length });
    at += length;
    done = at;
    hash = hashOf(fresh, at);
    input.onProgress?.(done);
  }
  if (fresh.length > done) ops.push({ kind: 'literal', length: fresh.length - done });
  return ops;
}

function indexBlocks(old: Uint8Array): Int32Array {
  const table = new Int32Array(2 ** Math.ceil(Math.log2(old.length / BLOCK_LENGTH_BYTES + 2) + 1));
  for (let at = 0; at + BLOCK_LENGTH_BYTES <= old.length; at += BLOCK_LENGTH_BYTES) {
    table[slotOf(hashOf(old, at), table)] = at + 1;
  }
  return table;
}

function hashOf(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let index = 0; index < BLOCK_LENGTH_BYTES; index += 1) {
    hash = (Math.imul(hash, MULTIPLIER) + (bytes[at + index] ?? 0)) | 0;
  }
  return hash;
}

function slotOf(hash: number, table: Int32Array): number {
  return (Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> 8) & (table.length - 1);
}

function matchLength(old: Uint8Array, from: number, fresh: Uint8Array, at: number): number {
  let length = 0;
  while (from + length < old.length && at + length < fresh.length && old[from + length] === fresh[at + length]) {
    length += 1;
  }
  return length;
}
