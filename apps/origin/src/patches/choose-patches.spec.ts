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
  const pair = (name: string): { from: string; to: string } => {
    const [from = '', to = ''] = name.split('..');
    return { from, to };
  };
  const known = (name: string, state = 'ready', bytes = 10) => ({ ...pair(name), state, bytes });
  const limits = (...wanted: string[]) => ({
    ...{ targets: new Set(['5']), wanted: wanted.map(pair), countMax: 9, bytesMax: 50 },
  });

  it('keeps within count and bytes, whatever the patches are', () => {
    const version = fc.constantFrom('2', '3', '4', '5');
    const patch = fc.record({
      ...{ from: version, to: version, bytes: fc.nat(100) },
      state: fc.constantFrom('waiting', 'ready', 'failed'),
    });
    fc.assert(
      fc.property(fc.array(patch, { maxLength: 30 }), fc.nat(5), fc.nat(300), (patches, countMax, bytesMax) => {
        const targets = new Set(['4', '5']);
        const wanted = ['2..4', '3..4', '2..5', '4..5'].map(pair);
        const { unwanted, crowdedOut } = sortOutPatches(patches, { targets, wanted, countMax, bytesMax });
        const kept = patches.filter((one) => !unwanted.includes(one) && !crowdedOut.includes(one));
        expect(kept.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(bytesMax);
        for (const target of ['2', '3', '4', '5'])
          expect(kept.filter(({ to }) => to === target).length).toBeLessThanOrEqual(countMax);
      }),
    );
  });

  it('lets a patch that has no room pass before smaller ones that have', () => {
    const [large, small] = [known('4..5', 'ready', 90), known('3..5', 'ready', 20)];
    expect(sortOutPatches([large, small], limits('4..5', '3..5'))).toEqual({ unwanted: [], crowdedOut: [large] });
  });

  it.each(['waiting', 'running', 'failed'])(
    'keeps the way over an earlier release while the direct patch is %s',
    (state) => {
      const patches = [known('4..5', 'waiting', 0), known('3..5', state, 0), known('3..4')];
      expect(sortOutPatches(patches, limits('4..5', '3..5'))).toEqual({ unwanted: [], crowdedOut: [] });
    },
  );

  it('keeps the way over earlier releases from versions that no direct patch is wanted from', () => {
    const patches = [known('4..5'), known('3..4'), known('2..3'), known('1..3')];
    expect(sortOutPatches(patches, limits('4..5'))).toEqual({ unwanted: [], crowdedOut: [] });
    const tight = { ...limits('4..5'), bytesMax: 20 };
    expect(sortOutPatches(patches, tight).crowdedOut).toEqual([known('2..3'), known('1..3')]);
  });

  it.each(['ready', 'rejected'])('gives the way over an earlier release up once the direct patch is %s', (state) => {
    const link = known('3..4');
    const patches = [known('4..5'), known('3..5', state), link];
    expect(sortOutPatches(patches, limits('4..5', '3..5'))).toEqual({ unwanted: [link], crowdedOut: [] });
  });

  it('keeps no patch to an earlier release from which none goes on, and none that is not made', () => {
    const [end, unmade] = [known('3..2'), known('3..4', 'waiting')];
    const patches = [known('4..5'), known('3..5', 'waiting', 0), end, unmade];
    expect(sortOutPatches(patches, limits('4..5', '3..5')).unwanted).toEqual([end, unmade]);
  });

  it('gives links only the room that wanted patches leave', () => {
    const link = known('3..4', 'ready', 20);
    const patches = [link, known('4..5', 'ready', 40), known('3..5', 'waiting', 0)];
    expect(sortOutPatches(patches, limits('4..5', '3..5'))).toEqual({ unwanted: [], crowdedOut: [link] });
  });
});
