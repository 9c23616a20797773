import { describe, expect, it } from 'vitest';
import { PATCH_SILENCE_MS_MAX, PatchPatience } from './patch-patience.ts';

describe('PatchPatience', () => {
  it('ends when no piece has come for too long, since the last one came', () => {
    const patience = new PatchPatience();
    expect(patience.look(3, 'running', 1000)).toBe(true);
    expect(patience.look(2, 'running', 999 + PATCH_SILENCE_MS_MAX)).toBe(true);
    expect(patience.look(2, 'running', 998 + 2 * PATCH_SILENCE_MS_MAX)).toBe(true);
    expect(patience.look(2, 'running', 999 + 2 * PATCH_SILENCE_MS_MAX)).toBe(false);
  });

  it('does not count the time that transfers are paused', () => {
    const patience = new PatchPatience();
    patience.look(3, 'running', 0);
    expect(patience.look(3, 'paused', 10 * PATCH_SILENCE_MS_MAX)).toBe(true);
    expect(patience.look(3, 'running', 11 * PATCH_SILENCE_MS_MAX - 1)).toBe(true);
    expect(patience.look(3, 'running', 11 * PATCH_SILENCE_MS_MAX)).toBe(false);
  });
});
