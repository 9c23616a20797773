import type { AnnounceRequest } from '@swarmpatch/tracker';
import { expect, it } from 'vitest';
import { CountingTracker } from './counting-tracker.ts';

const INFOHASH = new Uint8Array(20).fill(7);
const NOW_MS = Date.UTC(2026, 10, 20);

function peer(tracker: CountingTracker, id: number) {
  return (uploadedBytes: number, event?: AnnounceRequest['event']): number => {
    const peerId = new Uint8Array(20).fill(id);
    const request = { infohash: INFOHASH, peerId, port: 6881, uploadedBytes, downloadedBytes: 0, leftBytes: 0 };
    tracker.announce({ ...request, ...(event && { event }) }, { address: `10.0.0.${id}` }, NOW_MS);
    return tracker.uploadedBytes(Buffer.from(INFOHASH).toString('hex'));
  };
}

it('CountingTracker adds up what each peer has sent since its last announce', () => {
  const tracker = new CountingTracker({ admission: 'any', random: () => 0.5 });
  const [one, other] = [peer(tracker, 1), peer(tracker, 2)];
  expect(one(0, 'started')).toBe(0);
  expect(one(100)).toBe(100);
  expect(other(50, 'started')).toBe(150);
  expect(one(100)).toBe(150);
  expect(one(130, 'stopped')).toBe(180);
  // A new session of the same peer counts from nothing again.
  expect(one(10, 'started')).toBe(190);
});

it('CountingTracker counts nothing of what a peer sent before it was known, and no refused announce', () => {
  const tracker = new CountingTracker({ admission: 'any', random: () => 0.5 });
  const one = peer(tracker, 1);
  expect(one(10 ** 12)).toBe(0);
  expect(one(10 ** 12 + 5)).toBe(5);
  expect(one(3)).toBe(5);
  expect(new CountingTracker({ admission: 'published', random: () => 0.5 }).uploadedBytes('00')).toBe(0);
  expect(() => peer(new CountingTracker({ admission: 'published', random: () => 0.5 }), 1)(5, 'started')).toThrow();
});
