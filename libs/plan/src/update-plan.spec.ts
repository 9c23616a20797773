import type { Manifest } from '@swarmpatch/release';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileAtHand } from './file-at-hand.ts';
import type { PatchOffer } from './patch-offer.ts';
import type { PatchSource } from './patch-prices.ts';
import { nameOption } from './judgement.ts';
import type { MiddleRelease } from './middle-release.ts';
import {
  middlesWorthKnowing,
  planUpdate,
  type PlanConditions,
  type PlanInput,
  type UpdatePlan,
} from './update-plan.ts';

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

const MEGABYTE = 1_000_000;

/** One file of 100 MB, half of which is at hand, from 1.0.0 to 1.2.0. */
function inputWith(conditions: PlanConditions & { source?: PatchSource }): PlanInput {
  return {
    ...conditions,
    installed: manifest('1.0.0', [100 * MEGABYTE]),
    target: manifest('1.2.0', [100 * MEGABYTE]),
    atHand: [held(50)],
    removedCount: 0,
  };
}

function planWith(conditions: PlanConditions & { source?: PatchSource }): UpdatePlan {
  return planUpdate(inputWith(conditions));
}

function held(megabytes: number): FileAtHand {
  return { kind: 'fetched', heldBytes: megabytes * MEGABYTE, stagedBytes: 0, allocatedBytes: 0 };
}

/** Of the one file, so much has not to be fetched on the side of the way that pieces go. */
function middle(version: string, order: MiddleRelease['order'], heldMegabytes: number): MiddleRelease {
  return { manifest: manifest(version, [100 * MEGABYTE]), order, atHand: [held(heldMegabytes)] };
}

function offer(from: string, to: string, megabytes: number, more: Partial<PatchOffer> = {}): PatchOffer {
  const work = { writtenBytes: 100 * MEGABYTE, readBytes: 100 * MEGABYTE };
  return { from, to, bytes: megabytes * MEGABYTE, ...work, ...more };
}

const names = (plan: UpdatePlan): string[] => plan.options.map((option) => `${nameOption(option)} ${option.verdict}`);

describe('planUpdate() with patches', () => {
  it('chooses a patch that is smaller than the pieces', () => {
    const plan = planWith({ offers: [offer('1.0.0', '1.2.0', 2)] });
    expect(names(plan)).toEqual(['patch chosen', 'pieces costlier', 'full costlier']);
    expect(plan.chosen).toMatchObject({
      downloadBytes: 2 * MEGABYTE,
      writeBytes: 102 * MEGABYTE,
      steps: [{ by: 'patch', to: '1.2.0' }],
    });
    expect(plan.chosen.reason).toMatch(
      /^takes about [\d.]+ s, [\d.]+ s less than pieces: [\d.]+ s less for the download$/,
    );
    expect(plan.options[1]?.reason).toMatch(/more than patch: [\d.]+ s more for the download$/);
  });

  it('chooses a chain over a larger direct patch, and reckons with all that its links write', () => {
    const plan = planWith({
      offers: [offer('1.0.0', '1.2.0', 30), offer('1.0.0', '1.1.0', 1), offer('1.1.0', '1.2.0', 2)],
    });
    expect(names(plan)).toEqual(['patch by way of 1.1.0 chosen', 'patch costlier', 'pieces costlier', 'full costlier']);
    expect(plan.chosen).toMatchObject({ downloadBytes: 3 * MEGABYTE, writeBytes: 203 * MEGABYTE });
    expect(plan.chosen.scratchBytes).toBeGreaterThanOrEqual(203 * MEGABYTE);
    expect(plan.options[1]?.reason).toContain('more than patch by way of 1.1.0');
  });

  it('chooses pieces where a small patch makes the disk work for longer than the download takes', () => {
    const plan = planWith({ offers: [offer('1.0.0', '1.2.0', 1, { readBytes: 7000 * MEGABYTE })] });
    expect(names(plan)).toEqual(['pieces chosen', 'patch costlier', 'full costlier']);
    expect(plan.options[1]?.reason).toContain('more for the disk');
  });

  it('does not choose what does not fit, and tells how much is missing', () => {
    const offers = [offer('1.0.0', '1.2.0', 30), offer('1.0.0', '1.1.0', 1), offer('1.1.0', '1.2.0', 2)];
    const plan = planWith({ offers, scratchBytesMax: 150 * MEGABYTE });
    expect(names(plan)).toEqual([
      'patch chosen',
      'pieces costlier',
      'full costlier',
      'patch by way of 1.1.0 impossible',
    ]);
    expect(plan.options[3]?.reason).toMatch(
      /^wants 203\d+ bytes of free space, found 150000000: 53\d+ more are needed$/,
    );
  });

  it('names the way that wants the least room where nothing fits', () => {
    const plan = planWith({ offers: [offer('1.0.0', '1.2.0', 1)], scratchBytesMax: MEGABYTE });
    expect(plan.chosen).toMatchObject({ kind: 'pieces', verdict: 'impossible' });
    expect(plan.options.every((option) => option.verdict === 'impossible')).toBe(true);
  });

  it('does not count what is here of a patch already', () => {
    const plan = planWith({ offers: [offer('1.0.0', '1.2.0', 2, { heldBytes: MEGABYTE })] });
    expect(plan.chosen).toMatchObject({ kind: 'patch', downloadBytes: MEGABYTE });
  });

  it('adds the pieces of files that the player changed to the price of a patch', () => {
    const source: PatchSource = { knownBy: 'record', changedPaths: new Set(['f0']) };
    const plan = planWith({ offers: [offer('1.0.0', '1.2.0', 2)], source });
    expect(plan.chosen.kind).toBe('pieces');
    expect(plan.options.find(({ kind }) => kind === 'patch')?.downloadBytes).toBe(52 * MEGABYTE);
  });

  it('trusts files that were read more than files that look unchanged', () => {
    const riskOf = (knownBy: PatchSource['knownBy']): number =>
      planWith({ offers: [offer('1.0.0', '1.2.0', 2)], source: { knownBy, changedPaths: new Set() } }).chosen.cost
        .riskSeconds;
    expect(riskOf('reading')).toBeGreaterThan(0);
    expect(riskOf('record')).toBeGreaterThan(riskOf('reading'));
  });

  it('says why there is no patch', () => {
    const reasonOf = (offers: PatchOffer[]): string | undefined => planWith({ offers }).missing[0]?.reason;
    expect(reasonOf([])).toBe('no patch is offered');
    expect(reasonOf([offer('1.1.0', '1.2.0', 1)])).toBe(
      'the patches offered, 1 in all, do not lead from 1.0.0 to 1.2.0',
    );
  });
});

describe('planUpdate() by way of a release in between', () => {
  it('takes a patch and then pieces where little differs from the release that the patch leads to', () => {
    const plan = planWith({
      offers: [offer('1.0.0', '1.1.0', 2)],
      middles: [middle('1.1.0', 'patches_first', 99)],
    });
    expect(names(plan)).toEqual(['patch to 1.1.0, then pieces chosen', 'pieces costlier', 'full costlier']);
    expect(plan.missing).toEqual([]);
    expect(plan.chosen).toMatchObject({
      kind: 'patch',
      downloadBytes: 3 * MEGABYTE,
      writeBytes: (2 + 100 + 100) * MEGABYTE,
      steps: [
        { by: 'patch', to: '1.1.0' },
        { by: 'pieces', to: '1.2.0' },
      ],
    });
    expect(plan.chosen.scratchBytes).toBeGreaterThanOrEqual(202 * MEGABYTE);
  });

  it('takes pieces and then patches where little differs from the release that a patch begins with', () => {
    const offers = [offer('1.1.0', '1.1.1', 1), offer('1.1.1', '1.2.0', 1)];
    const plan = planWith({ offers, middles: [middle('1.1.0', 'pieces_first', 95)] });
    expect(names(plan)[0]).toBe('pieces to 1.1.0, then patch by way of 1.1.1 chosen');
    expect(plan.chosen).toMatchObject({ downloadBytes: 7 * MEGABYTE, writeBytes: 302 * MEGABYTE });
  });

  it('does not reckon with less than what is installed has', () => {
    const plan = planWith({ offers: [offer('1.0.0', '1.1.0', 2)], middles: [middle('1.1.0', 'patches_first', 0)] });
    expect(plan.options.find(({ kind }) => kind === 'patch')?.downloadBytes).toBe(52 * MEGABYTE);
    expect(plan.chosen.kind).toBe('pieces');
  });

  it('counts what is staged of a file only once', () => {
    const input = inputWith({ offers: [offer('1.0.0', '1.1.0', 2)], middles: [middle('1.1.0', 'patches_first', 99)] });
    const atHand: FileAtHand[] = [
      { kind: 'fetched', heldBytes: 0, stagedBytes: 60 * MEGABYTE, allocatedBytes: 60 * MEGABYTE },
    ];
    const way = planUpdate({ ...input, atHand }).options.find(({ kind }) => kind === 'patch');
    expect(way?.downloadBytes).toBe((2 + 1) * MEGABYTE);
  });

  it('fetches as pieces whatever the player changed', () => {
    const source: PatchSource = { knownBy: 'reading', changedPaths: new Set(['f0']) };
    const bytesBy = (order: MiddleRelease['order'], offers: PatchOffer[]): number | undefined =>
      planWith({ offers, source, middles: [middle('1.1.0', order, 99)] }).options.find(({ kind }) => kind === 'patch')
        ?.downloadBytes;
    expect(bytesBy('patches_first', [offer('1.0.0', '1.1.0', 2)])).toBe(52 * MEGABYTE);
    expect(bytesBy('pieces_first', [offer('1.1.0', '1.2.0', 2)])).toBe((100 + 50 + 2) * MEGABYTE);
  });

  it('does not choose a way through another release that does not fit', () => {
    const middles = [middle('1.1.0', 'patches_first', 99)];
    const plan = planWith({ offers: [offer('1.0.0', '1.1.0', 2)], middles, scratchBytesMax: 150 * MEGABYTE });
    expect(names(plan)).toContain('patch to 1.1.0, then pieces impossible');
    expect(plan.chosen.kind).toBe('pieces');
  });
});

describe('middlesWorthKnowing()', () => {
  const worthKnowing = (offers: PatchOffer[]): string[] => {
    const input = inputWith({ offers });
    return middlesWorthKnowing(input, planUpdate(input)).map(({ version, order }) => `${version} ${order}`);
  };

  it('names the versions next to where the pieces lead or begin', () => {
    const offers = ['1.0.1', '1.0.2', '1.1.0', '1.1.9'].flatMap((version) => [
      offer('1.0.0', version, 1),
      offer(version, '1.2.0', 60),
    ]);
    expect(worthKnowing(offers)).toEqual(['1.1.9 patches_first', '1.1.0 patches_first']);
    const later = ['1.0.1', '1.0.2', '1.1.0'].map((version) => offer(version, '1.2.0', 1));
    expect(worthKnowing(later)).toEqual(['1.0.1 pieces_first', '1.0.2 pieces_first']);
  });

  it('names none where patches alone take longer, and none where a patch goes all the way', () => {
    expect(worthKnowing([offer('1.0.0', '1.1.0', 60)])).toEqual([]);
    const chain = [offer('1.0.0', '1.1.0', 2), offer('1.1.0', '1.2.0', 2)];
    expect(worthKnowing([...chain, offer('1.0.0', '1.2.0', 1)])).toEqual([]);
  });
});

const bytes = fc.integer({ min: 0, max: 200 * MEGABYTE });
const versions = fc.constantFrom('1.0.0', '1.0.1', '1.0.2', '1.1.0', '1.2.0');
const conditionsOfAnyKind = fc.record({
  offers: fc.uniqueArray(
    fc.record({ from: versions, to: versions, bytes, writtenBytes: bytes, readBytes: bytes, heldBytes: bytes }),
    { selector: ({ from, to }) => `${from} ${to}` },
  ),
  middles: fc.array(
    fc
      .record({
        version: versions,
        order: fc.constantFrom('patches_first' as const, 'pieces_first' as const),
        heldMegabytes: fc.integer({ min: 0, max: 100 }),
      })
      .map(({ version, order, heldMegabytes }) => middle(version, order, heldMegabytes)),
    { maxLength: 3 },
  ),
  rates: fc.record({ downloadBytesPerSecond: fc.integer({ min: 1, max: 1000 * MEGABYTE }) }),
  scratchBytesMax: fc.integer({ min: -MEGABYTE, max: 600 * MEGABYTE }),
  source: fc.record({
    knownBy: fc.constantFrom('reading' as const, 'record' as const),
    changedPaths: fc.subarray(['f0', 'f1']).map((paths) => new Set(paths)),
  }),
});

describe('planUpdate() under any conditions', () => {
  it('chooses nothing that is costlier than another possible option, nor anything that does not fit while something does', () => {
    fc.assert(
      fc.property(conditionsOfAnyKind, (conditions) => {
        const { chosen, options } = planWith(conditions);
        const possible = options.filter(({ scratchBytes }) => scratchBytes <= conditions.scratchBytesMax);
        expect(options[0]).toBe(chosen);
        for (const option of options) expect(option.reason).not.toBe('');
        if (possible.length === 0) {
          for (const option of options) expect(option.verdict).toBe('impossible');
          return;
        }
        expect(possible).toContain(chosen);
        expect(chosen.seconds).toBe(Math.min(...possible.map((option) => option.seconds)));
        expect(options.filter((option) => option.verdict !== 'impossible')).toEqual(possible);
        expect(options.filter((option) => option.verdict === 'chosen')).toEqual([chosen]);
      }),
    );
  });

  it('gives the same plan for the same input', () => {
    fc.assert(
      fc.property(conditionsOfAnyKind, (conditions) => {
        const offers = [...conditions.offers].reverse();
        expect(planWith({ ...conditions, offers })).toEqual(planWith(conditions));
      }),
    );
  });
});
