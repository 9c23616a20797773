import { describe, expect, it } from 'vitest';
import { isReachableAddress, isReachablePeer } from './reachable-peer.ts';

describe('isReachablePeer()', () => {
  it.each([
    ['192.168.1.5', '8.8.8.8', '192.168.1.1'],
    ['127.0.0.1', '8.8.8.8', '10.0.0.1'],
    ['::1', '2a00::1', 'fd00::7'],
    ['fd00::5', '2a00::1', 'fd00::7'],
    ['fd00::5', '8.8.8.8', '192.168.1.1'],
  ])('lets only neighbours name %s, which is of our own network', (host, stranger, neighbour) => {
    expect(isReachablePeer(host, stranger)).toBe(false);
    expect(isReachablePeer(host, neighbour)).toBe(true);
    expect(isReachablePeer(host, undefined)).toBe(true);
  });

  it.each([
    ['9.9.9.9', '8.8.8.8'],
    ['2a00:1450::5', '2620:fe::fe'],
    ['2a00:1450::5', '9.9.9.9'],
  ])('lets everybody name %s', (host, stranger) => {
    expect(isReachablePeer(host, stranger)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '239.192.152.143',
    '::',
    'ff02::1',
    'fe80::1',
    '64:ff9b::7f00:1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '4000::1',
  ])('lets nobody name %s', (host) => {
    for (const namedBy of [undefined, '192.168.1.1', '::1', '2a00::1'])
      expect(isReachablePeer(host, namedBy)).toBe(false);
  });
});

describe('isReachableAddress()', () => {
  it('knows no IPv4 address in the clothes of IPv6', () => {
    const mapped = Uint8Array.of(...new Uint8Array(10), 255, 255, 9, 9, 9, 9);
    expect(isReachableAddress(mapped, undefined)).toBe(false);
    expect(isReachableAddress(mapped.subarray(12), undefined)).toBe(true);
  });

  it.each([
    ['172.15.255.255', '172.16.0.0', '172.31.255.255', '172.32.0.0'],
    ['100.63.255.255', '100.64.0.0', '100.127.255.255', '100.128.0.0'],
  ])('keeps to the ends of a network: %s, %s to %s, %s', (below, first, last, above) => {
    const byStranger = [below, first, last, above].map((host) => isReachablePeer(host, '8.8.8.8'));
    expect(byStranger).toEqual([true, false, false, true]);
  });
});
