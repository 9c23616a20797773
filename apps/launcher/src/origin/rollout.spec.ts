import type { ChannelRecord } from '@swarmpatch/release';
import { describe, expect, it } from 'vitest';
import { versionFor } from './rollout.ts';

const record = (rollout?: number): ChannelRecord => ({
  format: 1,
  game: 'starfall',
  channel: 'stable',
  version: '1.1.0',
  history: ['1.0.0'],
  ...(rollout === undefined ? {} : { rollout }),
});

describe('versionFor()', () => {
  const installs = Array.from({ length: 1000 }, (_, index) => `install-${index}`);
  const reached = (rollout: number): string[] => installs.filter((id) => versionFor(record(rollout), id) === '1.1.0');

  it('reaches every install without a rollout, and none at 0 percent', () => {
    expect(versionFor(record(), 'any')).toBe('1.1.0');
    expect(reached(100)).toHaveLength(1000);
    expect(reached(0)).toHaveLength(0);
  });

  it('reaches about the share that it names, and keeps whom it reached', () => {
    const tenth = reached(10);
    expect(tenth.length).toBeGreaterThan(60);
    expect(tenth.length).toBeLessThan(140);
    expect(reached(50)).toEqual(expect.arrayContaining(tenth));
  });

  it('has no version before the first one', () => {
    expect(versionFor({ ...record(0), history: [] }, 'any')).toBe('1.1.0');
  });
});
