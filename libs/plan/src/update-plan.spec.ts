import type { Manifest } from '@swarmpatch/release';
import { describe, expect, it } from 'vitest';
import { planUpdate, type FileAtHand } from './update-plan.ts';

function manifest(version: string, lengths: number[]): Manifest {
  return {
    format: 1,
    game: 'starfall',
    version,
    name: `starfall-${version}`,
    files: lengths.map((length, index) => ({ path: `f${index}`, length, piecesRoot: `${index}`.padStart(64, '0') })),
    bytes: lengths.reduce((sum, length) => sum + length, 0),
    torrent: { infohashV1: '0'.repeat(40), infohashV2: '0'.repeat(64), pieceLength: 16384 },
    webSeeds: [],
  };
}

const absent: FileAtHand = { kind: 'fetched', heldBytes: 0, stagedBytes: 0, allocatedBytes: 0 };

describe('planUpdate()', () => {
  it('chooses none when the target is installed and whole', () => {
    const target = manifest('1.0.0', [10, 20]);
    const plan = planUpdate({
      installed: target,
      target,
      atHand: [{ kind: 'unchanged' }, { kind: 'unchanged' }],
      removedCount: 0,
    });
    expect(plan.chosen).toMatchObject({ kind: 'none', downloadBytes: 0, writeBytes: 0, scratchBytes: 0, seconds: 0 });
    expect(plan.options).toHaveLength(1);
  });

  it('offers only full when nothing is installed and nothing at hand', () => {
    const plan = planUpdate({
      installed: undefined,
      target: manifest('1.0.0', [10, 5000]),
      atHand: [absent, absent],
      removedCount: 0,
    });
    const full = { kind: 'full', downloadBytes: 5010, writeBytes: 5010, scratchBytes: 4096 + 8192 };
    expect(plan).toMatchObject({ from: undefined, to: '1.0.0', chosen: full, options: [full] });
    expect(plan.missing.map((option) => option.kind)).toEqual(['pieces', 'patch']);
  });

  it('prices each file by what is at hand of it', () => {
    const plan = planUpdate({
      installed: manifest('1.0.0', [1]),
      target: manifest('1.1.0', [4096, 4096, 4096, 40960]),
      atHand: [
        { kind: 'unchanged' },
        { kind: 'moved' },
        { kind: 'copied' },
        { kind: 'fetched', heldBytes: 16384, stagedBytes: 8192, allocatedBytes: 8192 },
      ],
      removedCount: 0,
    });
    expect(plan.chosen).toMatchObject({
      kind: 'pieces',
      downloadBytes: 40960 - 16384 - 8192,
      readBytes: 4096 + 16384,
      writeBytes: 4096 + 40960 - 8192,
      scratchBytes: 4096 + 40960 - 8192,
    });
    expect(plan.options.map((option) => option.kind)).toEqual(['pieces', 'full']);
  });

  it('chooses pieces for a release that only removes files', () => {
    const plan = planUpdate({
      installed: manifest('1.0.0', [10, 10]),
      target: manifest('1.1.0', [10]),
      atHand: [{ kind: 'unchanged' }],
      removedCount: 1,
    });
    expect(plan.chosen).toMatchObject({ kind: 'pieces', downloadBytes: 0, writeBytes: 0, scratchBytes: 0 });
  });

  it('chooses full over pieces when nothing of the installed release can be used', () => {
    const plan = planUpdate({
      installed: manifest('1.0.0', [9]),
      target: manifest('2.0.0', [10]),
      atHand: [absent],
      removedCount: 0,
    });
    expect(plan.chosen.kind).toBe('full');
  });

  it('refuses an inventory of another release', () => {
    expect(() =>
      planUpdate({ installed: undefined, target: manifest('1.0.0', [1, 2]), atHand: [absent], removedCount: 0 }),
    ).toThrow(RangeError);
  });
});
