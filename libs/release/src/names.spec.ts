import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  parseChannelName,
  parseGameId,
  parsePatchRange,
  parseVersion,
  patchName,
  patchRange,
} from './names.ts';
import { ReleaseError } from './release-error.ts';

const throwsCode = (code: string): unknown => expect.objectContaining({ code, name: 'ReleaseError' });

describe('parseVersion()', () => {
  it.each(['0.0.0', '1.0.0', '1.2.3-beta.2', '10.20.30-rc-1.0', '1.0.0-0a'])('takes %s', (version) => {
    expect(parseVersion(version)).toBe(version);
  });

  it.each([
    '',
    '1',
    '1.0',
    'v1',
    'v1.0.0',
    '=1.0.0',
    ' 1.0.0',
    '1.0.0 ',
    '1.0.0\n',
    '01.0.0',
    '1.0.0-01',
    '1.0.0-',
    '1.0.0-a..b',
    '1.0.0+build',
    '1.0.0-é',
    '../1.0.1',
    '1.0.0/..',
    '99999999999999999999.0.0',
    `1.0.0-${'a'.repeat(80)}`,
  ])('refuses %j', (version) => {
    expect(() => parseVersion(version)).toThrow(throwsCode('bad_version'));
  });

  it('gives its argument or a ReleaseError for any text, and what it takes is a safe file name', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9v=.+a-z-]{0,20}$/)), (text) => {
        try {
          expect(parseVersion(text)).toBe(text);
          expect(text).toMatch(/^[0-9A-Za-z.-]+$/);
          expect(text).not.toContain('..');
        } catch (error) {
          if (!(error instanceof ReleaseError)) throw error;
        }
      }),
    );
  });
});

describe('parseGameId() and parseChannelName()', () => {
  it.each(['a', 'starfall', 'star-fall-2', '2048'])('take %s', (name) => {
    expect(parseGameId(name)).toBe(name);
    expect(parseChannelName(name)).toBe(name);
  });

  it.each(['', '-a', 'a-', 'A', 'a b', 'a/b', '..', 'a.b', 'con', 'lpt1', 'é', 'a\n', 'x'.repeat(65)])(
    'refuse %j',
    (name) => {
      expect(() => parseGameId(name)).toThrow(throwsCode('bad_game_id'));
      expect(() => parseChannelName(name)).toThrow(throwsCode('bad_channel'));
    },
  );
});

describe('compareVersions()', () => {
  it('orders by semver precedence', () => {
    const versions = ['1.10.0', '1.2.0', '1.2.0-beta.10', '1.2.0-beta.9', '0.9.9'];
    expect(versions.toSorted(compareVersions)).toEqual(['0.9.9', '1.2.0-beta.9', '1.2.0-beta.10', '1.2.0', '1.10.0']);
  });
});

describe('parsePatchRange()', () => {
  it('reads what patchRange() wrote, prereleases too', () => {
    const [from, to] = ['1.0.0-beta.2', '1.0.0'];
    expect(parsePatchRange(patchRange(from, to))).toEqual({ from, to });
    expect(patchName('starfall', from, to)).toBe('starfall-1.0.0-beta.2..1.0.0.patch');
  });

  it.each(['', '..', '1.0.0', '1.0.0..', '..1.0.0', '1.0.0...1.1.0', '1.0.0..1.1.0..1.2.0', '1..2', '1.0.0../1.1.0'])(
    'gives nothing for %j',
    (text) => {
      expect(parsePatchRange(text)).toBeUndefined();
    },
  );
});
