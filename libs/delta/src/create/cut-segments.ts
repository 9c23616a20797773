import { SEGMENT_BYTES_MAX } from '../limits.ts';
import { KIND_LITERAL, OpList } from '../matching/index.ts';

/**
 * Operations in runs that make at most `SEGMENT_BYTES_MAX` each; one that reaches over an end is cut there.
 *
 * @param wall The address that none reaches over: where old ends.
 */
export function* cutSegments(
  ops: OpList,
  wall: number,
): Generator<{ readonly ops: OpList; readonly newBytes: number }> {
  let segment = new OpList(wall);
  let newBytes = 0;
  for (let index = 0; index < ops.count; index += 1) {
    const kind = ops.kinds[index] ?? KIND_LITERAL;
    const source = ops.sources[index] ?? 0;
    const length = ops.lengths[index] ?? 0;
    for (let done = 0; done < length;) {
      const count = Math.min(length - done, SEGMENT_BYTES_MAX - newBytes);
      segment.push(kind, kind === KIND_LITERAL ? 0 : source + done, count);
      done += count;
      newBytes += count;
      if (newBytes < SEGMENT_BYTES_MAX) continue;
      yield { ops: segment, newBytes };
      segment = new OpList(wall);
      newBytes = 0;
    }
  }
  if (newBytes > 0) yield { ops: segment, newBytes };
}
