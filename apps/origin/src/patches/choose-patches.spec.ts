import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePatches, sortOutPatches } from './choose-patches.ts';

const versions = ['5', '4', '3', '2', '1'];

function chosen(options: Partial<Parameters<typeof choosePatches>[0]>): string[] {
  const facts = { versions, targets: new Set(['5']), uses: new Map<string, number>(), countMax: 3, ...options };
  return choosePatches(facts).map(({ from, to }) => `${from}..${to}`);
}

describe('choosePatches()', () => {
  it('takes the newest releases where nothing was seen', () => {
    expect(chosen({})).toEqual(['4..5', '3..5', '2..5']);
  });

  it('takes what was seen, most used first, and the newest other release whatever was seen', () => {
    expect(
      chosen({
        uses: new Map([
          ['1', 7],
          ['2', 9],
          ['5', 100],
        ]),
      }),
    ).toEqual(['2..5', '1..5', '4..5']);
  });

  it('leaves the newest out when more used ones fill the count', () => {
    expect(
      chosen({
        uses: new Map([
          ['1', 7],
          ['2', 9],
        ]),
        countMax: 2,
      }),
    ).toEqual(['2..5', '1..5']);
  });

  it('goes to every version that a channel names, the best of each first, also back', () => {
    expect(chosen({ targets: new Set(['3', '5']), countMax: 2 })).toEqual(['4..5', '5..3', '3..5', '4..3']);
  });

  it('takes none for a count of 0, and none to a version that is not there', () => {
    expect(chosen({ countMax: 0 })).toEqual([]);
    expect(chosen({ targets: new Set(['9']) })).toEqual([]);
    expect(chosen({ versions: ['5'] })).toEqual([]);
  });
});

describe('sortOutPatches()', () => {
  it('keeps within count and bytes, whatever the patches are', () => {
    const patch = fc.record({ to: fc.constantFrom('3', '4', '5'), bytes: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(patch, { maxLength: 30 }), fc.nat(5), fc.nat(300), (patches, countMax, bytesMax) => {
        const targets = new Set(['4', '5']);
        const { unwanted, crowdedOut } = sortOutPatches(patches, { targets, countMax, bytesMax });
        const kept = patches.filter((one) => !unwanted.includes(one) && !crowdedOut.includes(one));
        expect(kept.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(bytesMax);
        for (const target of ['3', '4', '5']) {
          const count = kept.filter(({ to }) => to === target).length;
          expect(count).toBeLessThanOrEqual(targets.has(target) ? countMax : 0);
        }
      }),
    );
  });

  it('lets a patch that has no room pass before smaller ones that have', () => {
    const [large, small] = [
      { to: '5', bytes: 90 },
      { to: '5', bytes: 20 },
    ];
    const limits = { targets: new Set(['5']), countMax: 9, bytesMax: 50 };
    expect(sortOutPatches([large, small], limits)).toEqual({ unwanted: [], crowdedOut: [large] });
  });
});
