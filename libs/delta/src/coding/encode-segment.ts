import { ByteWriter } from '../format/byte-writer.ts';
import type { PatchOp } from '../matching/patch-op.ts';
import { Alignments } from './alignments.ts';
import {
  LENGTH_BITS,
  LENGTH_LONG,
  OP_ADD,
  OP_COPY_ALIGNED,
  OP_COPY_BACK,
  OP_COPY_CONTINUED,
  OP_COPY_EARLIER,
  OP_COPY_EARLIEST,
  OP_COPY_JUMP,
  OP_LITERAL,
} from './op-kind.ts';

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
 * The streams of a segment, before they are compressed: operations, long lengths, places, literals, differences. Like stands by
 * like, for the compressor to find.
 *
 * @param ops Make exactly the bytes of the segment.
 */
export async function encodeSegment(ops: Iterable<PatchOp>, context: SegmentContext): Promise<Uint8Array[]> {
  const { start, fresh } = context;
  const codes = new ByteWriter();
  const lengths = new ByteWriter();
  const places = new ByteWriter();
  const literals = new ByteWriter();
  const differences = new ByteWriter();
  const alignments = new Alignments();
  let address = start;
  let sourceEnd = 0;
  for (const op of ops) {
    const made = fresh.subarray(address - start, address - start + op.length);
    if (op.kind === 'literal' || (op.kind === 'add' && op.source !== sourceEnd)) {
      // Differences that do not go on with the last source, as where a segment begins, are not worth an operation of their own.
      code(OP_LITERAL, op.length);
      literals.raw(made);
    } else if (op.kind === 'add') {
      code(OP_ADD, op.length);
      differences.raw(subtract(made, await context.readSource(op.source, op.length)));
      sourceEnd += op.length;
    } else {
      place(op.source, op.length);
      alignments.turn(address - op.source);
      sourceEnd = op.source + op.length;
    }
    address += op.length;
  }
  return [codes.bytes, lengths.bytes, places.bytes, literals.bytes, differences.bytes];

  function code(kind: number, length: number): void {
    codes.byte((kind << LENGTH_BITS) + Math.min(length - 1, LENGTH_LONG));
    if (length > LENGTH_LONG) lengths.varint(length - 1 - LENGTH_LONG);
  }

  function place(source: number, length: number): void {
    const back = address - source;
    if (source === sourceEnd) return code(OP_COPY_CONTINUED, length);
    if (back === alignments.last) return code(OP_COPY_ALIGNED, length);
    if (back === alignments.earlier) return code(OP_COPY_EARLIER, length);
    if (back === alignments.earliest) return code(OP_COPY_EARLIEST, length);
    const jump = source - sourceEnd;
    if (back < 2 * Math.abs(jump)) {
      code(OP_COPY_BACK, length);
      places.varint(back);
    } else {
      code(OP_COPY_JUMP, length);
      places.signedVarint(jump);
    }
  }
}

function subtract(bytes: Uint8Array, from: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => byte - (from[index] ?? 0));
}
