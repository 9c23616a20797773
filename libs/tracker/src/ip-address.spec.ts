import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpAddress, parseIpAddress } from './ip-address.ts';

describe('parseIpAddress()', () => {
  it('reads both families, mapped addresses and zones', () => {
    expect([...(parseIpAddress('10.0.255.1') ?? [])]).toEqual([10, 0, 255, 1]);
    expect([...(parseIpAddress('::ffff:10.0.0.1') ?? [])]).toEqual([10, 0, 0, 1]);
    expect(parseIpAddress('fe80::1%eth0')).toEqual(parseIpAddress('fe80::1'));
    expect([...(parseIpAddress('1:2:3:4:5:6:7:8') ?? [])]).toEqual([0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    ':',
    ':::',
    '1::2::3',
    '::12345',
    'g::',
    '1:2:3:4:5:6:7',
    '::1.2.3',
    '1.2.3.4::',
  ])('refuses %j', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  it('reads back what formatIpAddress() wrote', () => {
    const addresses = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(addresses, (address) => {
        const text = formatIpAddress(address);
        expect(isIP(text)).toBe(address.length === 4 ? 4 : 6);
        expect([...(parseIpAddress(text) ?? [])].slice(-4)).toEqual([...address].slice(-4));
      }),
    );
  });

  it('agrees with Node about what is an address', () => {
    const texts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.:.') }));
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseIpAddress(text) !== undefined).toBe(isIP(text) !== 0);
      }),
    );
  });
});
