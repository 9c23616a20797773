import { describe, expect, it } from 'vitest';
import { OFFLINE_SILENCE_MS_MAX, PATCH_SILENCE_MS_MAX, PatchPatience } from './patch-patience.ts';

describe('PatchPatience', () => {
  it('doubts when no piece has come for too long since the last one came, and ends later', () => {
    const patience = new PatchPatience();
    expect(patience.look(3, 'running', 1000)).toBe('wait');
    expect(patience.look(2, 'running', 999 + PATCH_SILENCE_MS_MAX)).toBe('wait');
    expect(patience.look(2, 'running', 998 + 2 * PATCH_SILENCE_MS_MAX)).toBe('wait');
    expect(patience.look(2, 'running', 999 + 2 * PATCH_SILENCE_MS_MAX)).toBe('doubt');
    expect(patience.look(2, 'running', 998 + PATCH_SILENCE_MS_MAX + OFFLINE_SILENCE_MS_MAX)).toBe('doubt');
    expect(patience.look(2, 'running', 999 + PATCH_SILENCE_MS_MAX + OFFLINE_SILENCE_MS_MAX)).toBe('end');
  });

  it('waits again when a piece comes', () => {
    const patience = new PatchPatience();
    patience.look(3, 'running', 0);
    expect(patience.look(3, 'running', PATCH_SILENCE_MS_MAX)).toBe('doubt');
    expect(patience.look(2, 'running', PATCH_SILENCE_MS_MAX + 1)).toBe('wait');
  });

  it('does not count the time that transfers are paused', () => {
    const patience = new PatchPatience();
    patience.look(3, 'running', 0);
    expect(patience.look(3, 'paused', 10 * PATCH_SILENCE_MS_MAX)).toBe('wait');
    expect(patience.look(3, 'running', 11 * PATCH_SILENCE_MS_MAX - 1)).toBe('wait');
    expect(patience.look(3, 'running', 11 * PATCH_SILENCE_MS_MAX)).toBe('doubt');
  });
});
