import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { checkPath, comparePaths, findPathCollisions, findPathProblem, foldPath, pathSortKey } from './path-rules.ts';
import { linkTextTo, targetOfLink } from './symlink.ts';

describe('findPathProblem()', () => {
  it.each([
    ['', 'empty'],
    ['/etc/passwd', 'empty'],
    ['a//b', 'empty'],
    ['a/', 'empty'],
    ['..', 'dot_component'],
    ['a/../../b', 'dot_component'],
    ['./a', 'dot_component'],
    ['a\\..\\b', 'separator'],
    ['\\\\server\\share', 'separator'],
    ['a\0b', 'control_character'],
    ['a\nb', 'control_character'],
    ['a\u0085b', 'control_character'],
    ['C:', 'reserved_character'],
    ['C:evil', 'reserved_character'],
    ['file:stream', 'reserved_character'],
    ['what?', 'reserved_character'],
    ['a|b', 'reserved_character'],
    ['name.', 'trailing_dot_or_space'],
    ['name ', 'trailing_dot_or_space'],
    ['dir./file', 'trailing_dot_or_space'],
    ['...', 'trailing_dot_or_space'],
    ['con', 'device_name'],
    ['Aux.txt', 'device_name'],
    ['nul .txt', 'device_name'],
    ['dir/COM1', 'device_name'],
    ['lpt\u00b9.log', 'device_name'],
    ['CONIN$', 'device_name'],
    ['a\ud800', 'not_unicode'],
    ['n'.repeat(256), 'too_long'],
    ['\u00e9'.repeat(128), 'too_long'],
    [`${'n'.repeat(200)}/`.repeat(6) + 'x', 'too_long'],
    [`${'a/'.repeat(64)}a`, 'too_deep'],
  ])('refuses %j', (path, problem) => {
    expect(findPathProblem(path)).toBe(problem);
    expect(() => {
      checkPath(path);
    }).toThrow(expect.objectContaining({ code: 'bad_path', path }));
  });

  it.each([
    'a',
    'a/b/c.txt',
    '.hidden',
    '..a',
    'a..b',
    'console',
    'com',
    'com10',
    'nulls/aux2',
    '\u00e9',
    '\u{1F600}',
    ' leading',
    'n'.repeat(255),
  ])('allows %j', (path) => {
    expect(findPathProblem(path)).toBeUndefined();
  });

  it('never allows a path that leaves its directory', () => {
    const piece = fc.constantFrom('..', '.', '/', '\\', 'a', '', 'C:', '\0', ' ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const path = pieces.join('');
        if (findPathProblem(path)) return;
        const resolved = new URL(path, 'file:///top/dir/').pathname;
        expect(resolved.startsWith('/top/dir/')).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('findPathCollisions()', () => {
  it.each([
    [['a', 'a'], 'same'],
    [['Readme', 'README'], 'folded'],
    [['caf\u00e9', 'cafe\u0301'], 'folded'],
    [['stra\u00dfe', 'STRASSE'], 'folded'],
    [['Data/a', 'data/b'], 'folded'],
    [['a', 'a/b'], 'parent'],
    [['a/b', 'a'], 'parent'],
    [['a/b/c', 'A'], 'parent'],
  ] as const)('finds %j', (paths, kind) => {
    expect(findPathCollisions(paths)).toEqual([expect.objectContaining({ kind, path: paths[1] })]);
  });

  it('finds none where names only look alike', () => {
    expect(findPathCollisions(['a/b', 'a/c', 'b', 'ab', 'a.b', 'd/a/b'])).toEqual([]);
  });

  it('stops at its limit', () => {
    expect(
      findPathCollisions(
        Array.from({ length: 50 }, () => 'a'),
        3,
      ),
    ).toHaveLength(3);
  });

  it('finds the same in any order, however deep', () => {
    const paths = ['a/b/c', 'a/b/d', 'a/e', 'f', 'a/b/g', 'A/h', 'f/i', 'a/b'];
    for (let turn = 0; turn < paths.length; turn += 1) {
      const turned = [...paths.slice(turn), ...paths.slice(0, turn)];
      expect(findPathCollisions(turned), turned.join()).not.toEqual([]);
    }
    expect(findPathCollisions(['a/b/c', 'f', 'a/b/d', 'a/e', 'a/b/g', 'e/a', 'a/f'])).toEqual([]);
  });

  it('finds exactly the pairs that fold to the same text, among plain files', () => {
    const name = fc.constantFrom('a', 'A', 'b', '\u00e9', 'E\u0301', 'e\u0301', 'c');
    fc.assert(
      fc.property(fc.array(name, { maxLength: 6 }), (paths) => {
        const folded = new Set(paths.map(foldPath));
        expect(findPathCollisions(paths).length).toBe(paths.length - folded.size);
      }),
    );
  });
});

describe('comparePaths()', () => {
  it('orders as the sort keys do', () => {
    const character = fc.constantFrom('a', 'b', '/', '-', ' ', 'é', '\u{d7ff}', '\u{e000}', '\u{ffee}', '\u{1f600}');
    const path = fc.array(character, { maxLength: 6 }).map((characters) => characters.join(''));
    fc.assert(
      fc.property(path, path, (left, right) => {
        const [a, b] = [pathSortKey(left), pathSortKey(right)];
        expect(Math.sign(comparePaths(left, right))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('pathSortKey()', () => {
  it('sorts component by component, by bytes', () => {
    const paths = ['a.b', 'a/c', 'a', 'B', '\uFF5E', '\u{1F600}'];
    expect(paths.sort((x, y) => (pathSortKey(x) < pathSortKey(y) ? -1 : 1))).toEqual([
      'B',
      'a',
      'a/c',
      'a.b',
      '\uFF5E',
      '\u{1F600}',
    ]);
  });
});

describe('targetOfLink()', () => {
  it.each([
    ['a/link', '../b', 'b'],
    ['a/link', './x/../y', 'a/y'],
    ['link', 'a/b/', 'a/b'],
    ['a/b/link', '../../c/d', 'c/d'],
  ])('%s -> %s is %s', (path, text, target) => {
    expect(targetOfLink(path, text)).toBe(target);
  });

  it.each([
    ['link', '/etc'],
    ['link', '..'],
    ['a/link', '../..'],
    ['a/link', '..'],
    ['link', 'a/../../b'],
    ['link', ''],
  ])('%s -> %s leaves', (path, text) => {
    expect(targetOfLink(path, text)).toBeUndefined();
  });

  it('is undone by linkTextTo(), whose text climbs only at its start', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('/'));
    fc.assert(
      fc.property(path, path, (link, target) => {
        const text = linkTextTo(link, target);
        expect(targetOfLink(link, text)).toBe(target);
        expect(text).toMatch(/^(?:\.\.\/)*[abc](?:\/[abc])*$/);
      }),
    );
  });
});
