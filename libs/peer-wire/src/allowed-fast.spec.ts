import { describe, expect, it } from 'vitest';

import { allowedFastSet } from './allowed-fast.ts';

const infohash = new Uint8Array(20).fill(0xaa);
const address = Uint8Array.of(80, 4, 4, 200);

describe('allowedFastSet()', () => {
  it('gives the sets that BEP 6 shows', () => {
    const nine = [1059, 431, 808, 1217, 287, 376, 1188, 353, 508];
    expect(allowedFastSet(address, infohash, 1313, 7)).toEqual(nine.slice(0, 7));
    expect(allowedFastSet(address, infohash, 1313, 9)).toEqual(nine);
  });

  it('is the same for a whole subnet', () => {
    expect(allowedFastSet(Uint8Array.of(80, 4, 4, 1), infohash, 1313)).toEqual(allowedFastSet(address, infohash, 1313));
  });

  it('is every piece of a torrent that has few', () => {
    expect(allowedFastSet(address, infohash, 3).sort()).toEqual([0, 1, 2]);
    expect(allowedFastSet(address, infohash, 0)).toEqual([]);
  });
});
