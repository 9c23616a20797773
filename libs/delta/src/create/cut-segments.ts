import { SEGMENT_BYTES_MAX } from '../limits.ts';
import type { PatchOp } from '../matching/index.ts';

/** Operations in runs that make at most `SEGMENT_BYTES_MAX` each; one that reaches over an end is cut there. */
export function* cutSegments(
  ops: Iterable<PatchOp>,
): Generator<{ readonly ops: readonly PatchOp[]; readonly newBytes: number }> {
  let segment: PatchOp[] = [];
  let newBytes = 0;
  for (const op of ops) {
    let done = 0;
    while (done < op.length) {
      const length = Math.min(op.length - done, SEGMENT_BYTES_MAX - newBytes);
      segment.push(length === op.length ? op : cut(op, done, length));
      done += length;
      newBytes += length;
      if (newBytes < SEGMENT_BYTES_MAX) continue;
      yield { ops: segment, newBytes };
      segment = [];
      newBytes = 0;
    }
  }
  if (newBytes > 0) yield { ops: segment, newBytes };
}

function cut(op: PatchOp, from: number, length: number): PatchOp {
  return op.kind === 'literal' ? { kind: 'literal', length } : { kind: op.kind, source: op.source + from, length };
}
