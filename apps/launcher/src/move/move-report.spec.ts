import { describe, expect, it } from 'vitest';
import { NO_BYTES } from '../transfers/command-transfers.ts';
import { countBytes } from './move-report.ts';

const NOTHING_STAGED = { stagedBytes: 0, resumedBytes: 0 };

describe('countBytes()', () => {
  it('counts what came by patches beside what came as pieces', () => {
    const work = {
      releaseBytes: 1000,
      rest: { downloadBytes: 100, writeBytes: 150 },
      madeBytes: 600,
      ...NOTHING_STAGED,
    };
    const byPatches = { fromPeers: 20, fromWebSeeds: 30, reused: 0, uploaded: 5 };
    const byPieces = { fromPeers: 0, fromWebSeeds: 90, reused: 10, uploaded: 7 };
    expect(countBytes(work, byPatches, byPieces)).toEqual({
      fromPeers: 20,
      fromWebSeeds: 120,
      reused: 1000 - 50 - 100 + 10,
      resumed: 0,
      written: 50 + 600 + 150,
      uploaded: 12,
    });
  });

  it('takes for reused neither what an earlier run staged nor what this one did before the disk was full', () => {
    const rest = { downloadBytes: 100, writeBytes: 150 };
    const work = { releaseBytes: 1000, rest, madeBytes: 0, stagedBytes: 500, resumedBytes: 200 };
    expect(countBytes(work, NO_BYTES, { ...NO_BYTES, fromPeers: 400 })).toEqual({
      fromPeers: 400,
      fromWebSeeds: 0,
      reused: 1000 - 100 - 500,
      resumed: 200,
      written: 150 + 300,
      uploaded: 0,
    });
  });

  it('never tells that less than nothing was reused', () => {
    const work = { releaseBytes: 10, rest: { downloadBytes: 10, writeBytes: 10 }, madeBytes: 0, ...NOTHING_STAGED };
    expect(countBytes(work, { ...NO_BYTES, fromPeers: 5 }, NO_BYTES)).toMatchObject({ reused: 0 });
  });
});
