import type { ByteSource } from '../ports.ts';
import type { MatchInput } from './match-input.ts';
import { KIND_LITERAL, type OpList } from './op-list.ts';
import { SampleTable } from './sample-table.ts';

/** Of a window that not everything fits in, how much is new bytes to be matched. */
const NEW_SHARE = 0.25;
const PARTS_A_WINDOW = 64;
const PART_BYTES_MIN = 4096;
const READ_BYTES = 4 * 1024 * 1024;

/** A stretch of new behind what it is matched against. */
export interface Window {
  readonly bytes: Uint8Array;
  /** Where the stretch begins in `bytes`. */
  readonly begin: number;
  /** Where it begins in new. */
  readonly newStart: number;
  /** Gives operations on `bytes` their addresses. */
  place(found: OpList, ops: OpList): void;
}

/** Part of the address space of old and new, and where it lies in a window. */
interface Part {
  readonly address: number;
  readonly length: number;
}

/** Everything at once where it fits; else stretches of new, each behind the parts that share most samples with it. */
export async function* chooseWindows(input: MatchInput, windowBytesMax: number): AsyncGenerator<Window, void> {
  const all = input.old.length + input.new.length;
  if (all <= windowBytesMax) {
    yield await loadWindow(input, [{ address: 0, length: input.old.length }], 0, input.new.length);
    return;
  }
  const partBytes = Math.max(PART_BYTES_MIN, Math.floor(windowBytesMax / PARTS_A_WINDOW));
  const stretchBytes = Math.max(PART_BYTES_MIN, Math.floor(windowBytesMax * NEW_SHARE));
  const room = Math.max(1, Math.floor((windowBytesMax - stretchBytes) / partBytes));
  const samples = new SampleTable(partBytes, windowBytesMax / 4, all);
  for (let at = 0; at < input.old.length; at += partBytes) {
    input.signal?.throwIfAborted();
    samples.add(at, await input.old.read(at, Math.min(partBytes, input.old.length - at)));
  }
  for (let at = 0; at < input.new.length; at += stretchBytes) {
    const length = Math.min(stretchBytes, input.new.length - at);
    const stretch = await input.new.read(at, length);
    const parts = samples.nearest(stretch, room).flatMap((part) => {
      const address = part * partBytes;
      return splitAt(input.old.length, { address, length: Math.min(partBytes, input.old.length + at - address) });
    });
    yield await loadWindow(input, parts, at, length);
    samples.add(input.old.length + at, stretch);
  }
}

async function loadWindow(
  input: MatchInput,
  parts: readonly Part[],
  newStart: number,
  length: number,
): Promise<Window> {
  const begin = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(begin + length);
  let at = 0;
  for (const part of parts) {
    const { address } = part;
    const [side, from] = address < input.old.length ? [input.old, address] : [input.new, address - input.old.length];
    await readInto(side, from, bytes.subarray(at, at + part.length));
    at += part.length;
  }
  await readInto(input.new, newStart, bytes.subarray(begin));
  const placed = [...parts, { address: input.old.length + newStart, length }];
  return { bytes, begin, newStart, place: (found, ops) => placeOps(found, placed, ops) };
}

/** In slices, so that there are no two of the whole. */
async function readInto(side: ByteSource, from: number, target: Uint8Array): Promise<void> {
  for (let at = 0; at < target.length; at += READ_BYTES) {
    target.set(await side.read(from + at, Math.min(READ_BYTES, target.length - at)), at);
  }
}

function splitAt(address: number, part: Part): Part[] {
  const before = address - part.address;
  if (before <= 0 || before >= part.length) return [part];
  return [
    { address: part.address, length: before },
    { address, length: part.length - before },
  ];
}

/** A source that reaches over the end of a part is cut there. */
function placeOps(found: OpList, parts: readonly Part[], ops: OpList): void {
  const starts: number[] = [];
  let end = 0;
  for (const part of parts) {
    starts.push(end);
    end += part.length;
  }
  for (let index = 0; index < found.count; index += 1) {
    const kind = found.kinds[index] ?? 0;
    let source = found.sources[index] ?? 0;
    let left = found.lengths[index] ?? 0;
    if (kind === KIND_LITERAL) {
      ops.push(kind, 0, left);
      continue;
    }
    // A stretch that repeats itself is the last part, without an end.
    for (let part = lastAtOrBelow(starts, source); left > 0; part += 1) {
      const start = starts[part] ?? end;
      const place = parts[part];
      if (!place) throw new RangeError(`place a copy of ${left} bytes from ${source}: the window ends at ${end}`);
      const count = part === parts.length - 1 ? left : Math.min(left, start + place.length - source);
      ops.push(kind, place.address + source - start, count);
      source += count;
      left -= count;
    }
  }
}

function lastAtOrBelow(starts: readonly number[], value: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
