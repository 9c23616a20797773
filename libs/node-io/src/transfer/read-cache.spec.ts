import { describe, expect, it } from 'vitest';

import { ReadCache } from './read-cache.ts';

const one = {};
const other = {};

function put(cache: ReadCache, owner: object, key: number, lengthBytes: number): Uint8Array {
  const data = cache.allocate(lengthBytes).fill(key);
  cache.put(owner, key, data);
  return data;
}

describe('ReadCache', () => {
  it('drops what was used least recently, of whichever owner', () => {
    const cache = new ReadCache(30);
    put(cache, one, 1, 10);
    put(cache, other, 1, 10);
    put(cache, one, 2, 10);
    expect(cache.get(one, 1)?.[0]).toBe(1);
    put(cache, one, 3, 10);
    expect(cache.get(other, 1)).toBeUndefined();
    expect([1, 2, 3].map((key) => cache.get(one, key)?.[0])).toEqual([1, 2, 3]);
    put(cache, other, 9, 100);
    expect(cache.get(other, 9)).toHaveLength(100);
    expect(cache.get(one, 3)).toBeUndefined();
  });

  it('gives memory out again once nobody holds it, and not before', () => {
    const cache = new ReadCache(10);
    const held = put(cache, one, 1, 10).subarray(3, 5);
    cache.hold(held);
    cache.hold(held);
    put(cache, one, 2, 10);
    expect(cache.allocate(10).buffer).not.toBe(held.buffer);
    cache.release(held);
    expect(cache.allocate(10).buffer).not.toBe(held.buffer);
    cache.release(held);
    expect(cache.allocate(10).buffer).toBe(held.buffer);
  });

  it('forgets an owner and keeps the others', () => {
    const cache = new ReadCache(100);
    put(cache, one, 1, 10);
    put(cache, other, 1, 10);
    cache.clear(one);
    expect(cache.get(one, 1)).toBeUndefined();
    expect(cache.get(other, 1)).toHaveLength(10);
  });
});
