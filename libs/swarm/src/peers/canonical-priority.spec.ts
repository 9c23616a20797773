import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { canonicalPriority } from './canonical-priority.ts';
import { Host } from './host.ts';

const at = (host: string, port = 1) => ({ host: new Host(host), port });

describe('canonicalPriority', () => {
  it('is what BEP 40 says for its examples', () => {
    expect(canonicalPriority(at('123.213.32.10'), at('98.76.54.32'))).toBe(0xec2d7224);
    expect(canonicalPriority(at('123.213.32.10'), at('123.213.32.234'))).toBe(0x99568189);
  });

  it('is the same for both ends', () => {
    const ipv4 = fc.ipV4().map((host) => at(host));
    const ipv6 = fc.ipV6().map((host) => at(host));
    fc.assert(
      fc.property(fc.oneof(fc.tuple(ipv4, ipv4), fc.tuple(ipv6, ipv6)), ([a, b]) => {
        expect(canonicalPriority(a, b)).toBe(canonicalPriority(b, a));
      }),
    );
  });

  it('does not change with the part of an address that its owner chooses', () => {
    const ours = at('123.213.32.10');
    const priorities = [0, 2, 8, 10, 128, 170].map((last) => canonicalPriority(ours, at(`98.76.54.${last}`)));
    expect(new Set(priorities).size).toBe(1);
    expect(canonicalPriority(at('2001:db8::1'), at('2001:db9::a2'))).toBe(
      canonicalPriority(at('2001:db8::1'), at('2001:db9::8')),
    );
  });

  it('tells players behind one address apart by their ports', () => {
    expect(canonicalPriority(at('::1', 1), at('::1', 2))).not.toBe(canonicalPriority(at('::1', 1), at('::1', 3)));
  });
});
