import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { encodeSegment } from '../coding/index.ts';
import { StreamCursor, type StreamPart } from '../format/stream-cursor.ts';
import type { PatchOp } from '../matching/index.ts';
import type { NewFile } from '../new-tree.ts';
import { ContentArena } from './content-arena.ts';
import { Faults } from './faults.ts';
import { PlacedFiles } from './placed-files.ts';
import { SegmentMaker } from './segment-maker.ts';
import { placedSources, SourceReader } from './source-reader.ts';

const OLD: Uint8Array = Uint8Array.from({ length: 40_000 }, (_, index) => Math.imul(index + 1, 2_654_435_761) >>> 24);

/** Operations that are near one another, overlap what they make, and cross pages. */
interface Step {
  readonly kind: 'literal' | 'old' | 'new';
  readonly length: number;
  readonly place: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('literal', 'old', 'new'),
    length: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 })),
    place: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.nat()),
  }),
  { minLength: 1, maxLength: 120 },
);

/** What the steps make, byte by byte. */
function follow(all: readonly Step[]): { readonly ops: PatchOp[]; readonly fresh: Uint8Array } {
  const made: number[] = [];
  const ops = all.map(({ kind, length, place }): PatchOp => {
    const at = made.length;
    if (kind === 'literal' || (kind === 'new' && at === 0)) {
      for (let index = 0; index < length; index += 1) made.push((place + index * 31) % 256);
      return { kind: 'literal', length };
    }
    const source = kind === 'old' ? place % (OLD.length - length) : OLD.length + at - 1 - (place % at);
    for (let index = 0; index < length; index += 1) {
      const from = source + index;
      made.push((from < OLD.length ? OLD[from] : made[from - OLD.length]) ?? 0);
    }
    return { kind: 'copy', source, length };
  });
  return { ops, fresh: Uint8Array.from(made) };
}

async function* inParts(bytes: Uint8Array, partBytes: number): AsyncGenerator<StreamPart> {
  for (let at = 0; at < bytes.length; at += partBytes) {
    yield { bytes: bytes.subarray(at, at + partBytes), isLost: false };
  }
}

async function make(ops: readonly PatchOp[], fresh: Uint8Array, partBytes: number): Promise<Uint8Array> {
  const context = { start: OLD.length, oldBytes: OLD.length };
  const streams = await encodeSegment(ops, {
    ...{ ...context, fresh },
    readSource: async (source, length) => OLD.slice(source, source + length),
  });
  const old = new PlacedFiles(placedSources([{ path: 'old', lengthBytes: OLD.length, executable: false }]));
  const written: NewFile = {
    ...{ path: 'new', lengthBytes: fresh.length, executable: false },
    origin: { kind: 'written', index: 0 },
  };
  const files = new PlacedFiles([written]);
  const faults = new Faults(old, files);
  const ports = {
    readOld: (_: unknown, offset: number, target: Uint8Array): void => {
      target.set(OLD.subarray(offset, offset + target.length));
    },
    readNew: () => undefined,
    write: () => undefined,
    finish: () => undefined,
  };
  const sources = new SourceReader(old, files, ports, faults);
  const arena = new ContentArena({
    ...{ oldBytes: OLD.length, newBytes: fresh.length, besideWindows: false },
    loadOld: (place, target) => sources.loadOld(place, target),
    loadFar: () => undefined,
  });
  const cursors = streams.map((bytes) => new StreamCursor(inParts(bytes, partBytes)));
  const maker = new SegmentMaker({
    ...{ streams: cursors, arena, sources, faults, oldBytes: OLD.length, begin: 0, end: fresh.length },
  });
  const end = arena.beginBatch(0, fresh.length);
  while (!maker.makeUpTo(end)) await maker.wait();
  return arena.bytes.slice(0, end);
}

describe('SegmentMaker', () => {
  it('makes what a loop over single bytes makes, however copies overlap and streams are cut', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(1, 7, 64, 5_000), async (all, partBytes) => {
        const { ops, fresh } = follow(all);
        expect(Buffer.compare(await make(ops, fresh, partBytes), fresh)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
