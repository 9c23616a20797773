import { ByteWriter } from '../format/byte-writer.ts';
import type { PatchOp } from '../matching/patch-op.ts';
import { kindCode } from './op-kind.ts';

export interface SegmentContext {
  /** Address of the segment's first byte: `oldBytes` and what was written before. */
  readonly start: number;
  readonly oldBytes: number;
  /** The bytes that the segment makes. */
  readonly fresh: Uint8Array;
  /** Bytes at a source address, for differences. */
  readonly readSource: (source: number, length: number) => Promise<Uint8Array>;
}

/**
 * The streams of a segment, before they are compressed: operations, literals, differences.
 *
 * @param ops Make exactly the bytes of the segment.
 */
export async function encodeSegment(ops: readonly PatchOp[], context: SegmentContext): Promise<Uint8Array[]> {
  const { start, oldBytes, fresh } = context;
  const codes = new ByteWriter();
  const literals = new ByteWriter();
  const differences = new ByteWriter();
  let at = 0;
  let oldEnd = 0;
  for (const op of ops) {
    const isOld = op.kind !== 'literal' && op.source < oldBytes;
    codes.varint(op.length * 8 + kindCode(op.kind, isOld ? 'old' : 'new'));
    const made = fresh.subarray(at, at + op.length);
    if (op.kind === 'literal') {
      literals.raw(made);
    } else {
      if (isOld) codes.signedVarint(op.source - oldEnd);
      else codes.varint(start + at - op.source);
      if (op.kind === 'add') differences.raw(subtract(made, await context.readSource(op.source, op.length)));
      if (isOld) oldEnd = op.source + op.length;
    }
    at += op.length;
  }
  return [codes.bytes, literals.bytes, differences.bytes];
}

function subtract(bytes: Uint8Array, from: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => byte - (from[index] ?? 0));
}
