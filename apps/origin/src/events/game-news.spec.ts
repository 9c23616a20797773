import { gameEventSchema } from '@swarmpatch/api-contract';
import { describe, expect, it } from 'vitest';
import { type GameStanding, newsBetween, SNAPSHOT_RELEASES_MAX, snapshotOf } from './game-news.ts';

const standing = (change: Partial<GameStanding> = {}): GameStanding => ({
  game: 'starfall',
  metadataVersion: 4,
  channels: [
    { name: 'beta', version: '1.0.0' },
    { name: 'stable', version: '1.0.0' },
  ],
  releases: ['1.0.0'],
  patches: [],
  ...change,
});

describe('newsBetween()', () => {
  it('tells of releases before the channels that name them, oldest first, and of patches last', () => {
    const now = standing({
      metadataVersion: 6,
      channels: [
        { name: 'beta', version: '1.2.0' },
        { name: 'stable', version: '1.0.0' },
      ],
      releases: ['1.2.0', '1.1.0', '1.0.0'],
      patches: [{ from: '1.0.0', to: '1.2.0', bytes: 70 }],
    });
    const news = newsBetween(standing(), now);
    expect(news).toEqual([
      { id: 6, event: 'release', data: { version: '1.1.0' } },
      { id: 6, event: 'release', data: { version: '1.2.0' } },
      { id: 6, event: 'channel', data: { name: 'beta', version: '1.2.0' } },
      { id: 6, event: 'patch', data: { from: '1.0.0', to: '1.2.0', bytes: 70 } },
    ]);
    for (const event of news) expect(gameEventSchema.parse(event)).toEqual(event);
  });

  it('tells of a rollout that grows, and of a channel that is gone', () => {
    const now = standing({ channels: [{ name: 'stable', version: '1.0.0', rollout: 50 }] });
    expect(newsBetween(standing(), now)).toMatchObject([
      { event: 'channel', data: { name: 'stable', rollout: 50 } },
      { event: 'channel-removed', data: { name: 'beta' } },
    ]);
  });

  it('says nothing of metadata that was only signed again, nor of patches that are gone', () => {
    const before = standing({ patches: [{ from: '0.9.0', to: '1.0.0', bytes: 5 }] });
    expect(newsBetween(before, standing({ metadataVersion: 5 }))).toEqual([]);
  });
});

describe('snapshotOf()', () => {
  it('names the newest versions, and no more than that', () => {
    const releases = Array.from({ length: SNAPSHOT_RELEASES_MAX + 1 }, (_, index) => `1.${1000 - index}.0`);
    const event = snapshotOf(standing({ releases }));
    expect(event).toMatchObject({
      id: 4,
      event: 'snapshot',
      data: { game: 'starfall', releases: releases.slice(0, -1) },
    });
    expect(gameEventSchema.parse(event)).toEqual(event);
  });
});
