import { UsageError } from '@swarmpatch/terminal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseGlob } from './path-glob.ts';

const PATHS = ['game.exe', 'data/core.pak', 'data/level1/map.bin', 'data/level1/sound/wind.ogg', 'data/level2/map.bin'];
const matched = (glob: string): string[] => PATHS.filter(parseGlob(glob));

describe('parseGlob()', () => {
  it('takes a name without a slash in any directory', () => {
    expect(matched('map.bin')).toEqual(['data/level1/map.bin', 'data/level2/map.bin']);
    expect(matched('*.exe')).toEqual(['game.exe']);
  });

  it('keeps a star inside one directory, and crosses them with two', () => {
    expect(matched('data/*')).toEqual(['data/core.pak']);
    expect(matched('data/level1/**')).toEqual(['data/level1/map.bin', 'data/level1/sound/wind.ogg']);
    expect(matched('**/sound/*.ogg')).toEqual(['data/level1/sound/wind.ogg']);
    expect(matched('data/level?/map.bin')).toHaveLength(2);
    expect(matched('**')).toEqual(PATHS);
  });

  it('means just itself where there is no wildcard', () => {
    expect(matched('data/core.pak')).toEqual(['data/core.pak']);
    expect(matched('/data/core.pak')).toEqual(['data/core.pak']);
    expect(matched('data')).toEqual([]);
    expect(parseGlob('a.b')('aXb')).toBe(false);
  });

  it('matches every path by itself, and refuses what is too short or too long', () => {
    const name = fc.stringMatching(/^[a-z.]{1,8}$/);
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (segments) => {
        const path = segments.join('/');
        expect(parseGlob(path)(path)).toBe(true);
        expect(parseGlob(`**/${path}`)(`x/y/${path}`)).toBe(true);
      }),
    );
    expect(() => parseGlob('')).toThrow(UsageError);
    expect(() => parseGlob('*'.repeat(2000))).toThrow(UsageError);
  });

  it('is quick whatever the wildcards', () => {
    const glob = parseGlob(`${'**/a*a*a*/'.repeat(50)}b`);
    expect(glob(`${'aaaaaaaaaa/'.repeat(200)}c`)).toBe(false);
  });
});
