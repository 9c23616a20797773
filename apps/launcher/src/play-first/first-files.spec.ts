import { describe, expect, it } from 'vitest';

import { FirstFiles } from './first-files.ts';

const PATHS = ['game.exe', 'data/core.pak', 'data/level1/map.bin'];

describe('FirstFiles', () => {
  it('takes what any glob matches, in the order of the files, once', () => {
    const first = new FirstFiles(['data/**', '*.exe', 'game.exe']);
    expect(first.indexesAmong(PATHS)).toEqual([0, 1, 2]);
    first.expectAllMatched('starfall');
  });

  it('names a glob that matches nothing, in all torrents together', () => {
    const first = new FirstFiles(['*.exe', 'movies/*']);
    expect(first.indexesAmong(PATHS)).toEqual([0]);
    expect(() => first.expectAllMatched('starfall')).toThrow(
      expect.objectContaining({ code: 'glob_unmatched', message: expect.stringContaining("'movies/*'") as string }),
    );
    first.indexesAmong(['movies/intro.webm']);
    first.expectAllMatched('starfall');
  });
});
