import { describe, expect, it } from 'vitest';
import { WeightedCache } from './weighted-cache.ts';

describe('WeightedCache', () => {
  it('loads once for all who ask at the same time', async () => {
    const cache = new WeightedCache<number>(10, () => 1);
    let loads = 0;
    const load = async (): Promise<number> => (loads += 1);
    expect(await Promise.all([cache.get('a', load), cache.get('a', load)])).toEqual([1, 1]);
  });

  it('forgets what was used longest ago, and keeps the newest however heavy', async () => {
    const cache = new WeightedCache<number>(10, (value) => value);
    const loaded: string[] = [];
    const get = (key: string, weight: number): Promise<number> =>
      cache.get(key, async () => {
        loaded.push(key);
        return weight;
      });
    await get('a', 4);
    await get('b', 4);
    await get('a', 4);
    await get('c', 4);
    await get('a', 4);
    await get('b', 4);
    await get('huge', 40);
    await get('huge', 40);
    expect(loaded).toEqual(['a', 'b', 'c', 'b', 'huge']);
  });

  it('asks again after a failure', async () => {
    const cache = new WeightedCache<string>(10, () => 1);
    await expect(cache.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await cache.get('a', async () => 'yes')).toBe('yes');
  });
});
