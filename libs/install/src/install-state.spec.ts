import { describe, expect, it } from 'vitest';
import { checkState, HISTORY_RELEASES_MAX, historyAfter, type InstallState } from './install-state.ts';

const state = (version: string | undefined, history: string[]): InstallState => ({
  installId: 'i',
  game: 'starfall',
  origin: 'http://127.0.0.1',
  channel: 'stable',
  rootFingerprint: '0',
  fingerprintFrom: 'given',
  ...(version === undefined ? {} : { installed: { version, manifestSha256: 'm', torrentSha256: 't' } }),
  history,
  refreshFailed: false,
  suspect: false,
});

describe('historyAfter()', () => {
  it('remembers the release before, newest first', () => {
    expect(historyAfter(state(undefined, []), '1.0.0')).toEqual([]);
    expect(historyAfter(state('1.0.0', []), '1.1.0')).toEqual(['1.0.0']);
    expect(historyAfter(state('1.1.0', ['1.0.0']), '1.2.0')).toEqual(['1.1.0', '1.0.0']);
  });

  it('forgets a release that the install goes back to', () => {
    expect(historyAfter(state('1.2.0', ['1.1.0', '1.0.0']), '1.1.0')).toEqual(['1.0.0']);
  });

  it('does not change when a release is repaired', () => {
    expect(historyAfter(state('1.1.0', ['1.0.0']), '1.1.0')).toEqual(['1.0.0']);
  });

  it('is bounded', () => {
    const full = Array.from({ length: HISTORY_RELEASES_MAX }, (_, index) => `0.${index}.0`);
    expect(historyAfter(state('1.0.0', full), '1.1.0')).toHaveLength(HISTORY_RELEASES_MAX);
  });
});

describe('checkState()', () => {
  it('takes a whole state and refuses one with any field missing or of another type', () => {
    const whole = state('1.0.0', ['0.9.0']);
    expect(checkState(whole, 'x')).toEqual(whole);
    for (const field of Object.keys(whole)) {
      for (const value of [undefined, 7, [7], {}]) {
        if (field === 'installed' && value === undefined) continue;
        expect(() => checkState({ ...whole, [field]: value }, 'x')).toThrow(
          expect.objectContaining({ code: 'state_corrupt' }),
        );
      }
    }
  });
});
