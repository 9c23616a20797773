import { describe, expect, it } from 'vitest';
import { CONNECTION_SLOT_MS, ConnectionIds } from './connection-ids.ts';

const secret = new Uint8Array(32).fill(7);
const nowMs = Date.UTC(2026, 10, 21);
const home = Uint8Array.of(127, 0, 0, 1);
const away = Uint8Array.of(127, 0, 0, 2);

describe('ConnectionIds', () => {
  it('are good for five minutes and not for eight', () => {
    const ids = new ConnectionIds(secret);
    for (let startMs = nowMs; startMs < nowMs + CONNECTION_SLOT_MS; startMs += 10_000) {
      const id = ids.issue(home, startMs);
      expect(ids.isValid(id, home, startMs)).toBe(true);
      expect(ids.isValid(id, home, startMs + 300_000)).toBe(true);
      expect(ids.isValid(id, home, startMs + 480_000)).toBe(false);
      expect(ids.isValid(id, home, startMs + 256 * CONNECTION_SLOT_MS)).toBe(false);
      expect(ids.isValid(id, home, startMs - CONNECTION_SLOT_MS)).toBe(false);
    }
  });

  it('are bound to the address, the secret and every bit', () => {
    const ids = new ConnectionIds(secret);
    const id = ids.issue(home, nowMs);
    expect(ids.isValid(id, away, nowMs)).toBe(false);
    expect(new ConnectionIds(new Uint8Array(32)).isValid(id, home, nowMs)).toBe(false);
    for (let bit = 0; bit < 64; bit += 1) {
      const forged = id.slice();
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(ids.isValid(forged, home, nowMs)).toBe(false);
    }
    expect(ids.isValid(id.subarray(0, 7), home, nowMs)).toBe(false);
  });

  it('want a secret that nobody can guess', () => {
    expect(() => new ConnectionIds(new Uint8Array(8))).toThrow(RangeError);
  });
});
