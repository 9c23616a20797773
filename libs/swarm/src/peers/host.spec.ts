import { describe, expect, it } from 'vitest';

import { Host, mayBeDialled } from './host.ts';

describe('Host', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['10.1.2.3', 'local'],
    ['172.31.0.1', 'local'],
    ['172.32.0.1', 'public'],
    ['169.254.1.1', 'local'],
    ['fd00::1', 'local'],
    ['fe80::1%eth0', 'local'],
    ['100.100.0.1', 'local'],
    ['8.8.8.8', 'public'],
    ['2001:4860::8888', 'public'],
    ['::', 'nowhere'],
    ['ff02::1', 'nowhere'],
    ['239.192.152.143', 'nowhere'],
    ['example.org', 'public'],
  ])('knows where %s is: %s', (text, scope) => {
    expect(new Host(text).scope).toBe(scope);
  });

  it.each([
    ['203.0.113.1', '203.0.113.1', 'same_host'],
    ['203.0.113.1', '203.0.113.9', 'same_subnet'],
    ['203.0.113.1', '203.0.9.9', 'same_network'],
    ['203.0.113.1', '203.9.9.9', 'far'],
    ['2001:db8:1:2::1', '2001:db8:1:2:9::1', 'same_subnet'],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', 'same_network'],
    ['2001:db8:1:2::1', '2001:db9::1', 'far'],
    ['203.0.113.1', '2001:db9::1', 'far'],
  ] as const)('finds %s and %s %s', (a, b, nearness) => {
    expect(new Host(a).nearnessTo(new Host(b))).toBe(nearness);
  });

  it('lets neighbours name neighbours, and this machine itself', () => {
    const [loopback, local, stranger] = ['127.0.0.1', '192.168.1.2', '8.8.8.8'].map((text) => new Host(text));
    if (!loopback || !local || !stranger) return;
    expect(mayBeDialled(local, local)).toBe(true);
    expect(mayBeDialled(local, stranger)).toBe(false);
    expect(mayBeDialled(loopback, local)).toBe(false);
    expect(mayBeDialled(loopback, loopback)).toBe(true);
    expect(mayBeDialled(stranger, stranger)).toBe(true);
  });
});
