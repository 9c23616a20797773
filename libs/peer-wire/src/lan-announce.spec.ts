import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  encodeLanAnnounce,
  LAN_COOKIE_CHARACTERS_MAX,
  LAN_PACKET_BYTES_MAX,
  parseLanAnnounce,
} from './lan-announce.ts';

const infohashes = Array.from({ length: 60 }, (_, i) => new Uint8Array(20).fill(i));
const cookie = 'c'.repeat(LAN_COOKIE_CHARACTERS_MAX);

function text(packet: string): Uint8Array {
  return new TextEncoder().encode(packet);
}

describe('encodeLanAnnounce()', () => {
  it.each(['ipv4', 'ipv6'] as const)('spreads many infohashes over packets that are short enough (%s)', (family) => {
    const packets = encodeLanAnnounce({ port: 65_535, infohashes, cookie }, family);
    expect(Math.max(...packets.map(({ length }) => length))).toBeLessThanOrEqual(LAN_PACKET_BYTES_MAX);
    const parsed = packets.map(parseLanAnnounce);
    expect(parsed.every((each) => each?.port === 65_535 && each.cookie === cookie)).toBe(true);
    expect(parsed.flatMap((each) => each?.infohashes ?? []).map((each) => Uint8Array.from(each))).toEqual(infohashes);
  });

  it('writes what BEP 14 shows', () => {
    const [packet] = encodeLanAnnounce({ port: 6881, infohashes: [new Uint8Array(20).fill(0xab)] }, 'ipv6');
    expect(new TextDecoder().decode(packet)).toBe(
      `BT-SEARCH * HTTP/1.1\r\nHost: [ff15::efc0:988f]:6771\r\nPort: 6881\r\nInfohash: ${'ab'.repeat(20)}\r\n\r\n\r\n`,
    );
  });
});

describe('parseLanAnnounce()', () => {
  it('reads headers in any case and order, and skips those that it does not know', () => {
    const packet = `BT-SEARCH * HTTP/1.1\r\nX: y\r\nINFOHASH: ${'AB'.repeat(20)}\r\nport:7\r\n\r\n\r\n`;
    expect(parseLanAnnounce(text(packet))).toMatchObject({ port: 7, cookie: undefined });
  });

  it.each([
    ['another request', `M-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${'ab'.repeat(20)}\r\n\r\n`],
    ['no port', `BT-SEARCH * HTTP/1.1\r\nInfohash: ${'ab'.repeat(20)}\r\n\r\n`],
    ['port 0', `BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: ${'ab'.repeat(20)}\r\n\r\n`],
    ['port 65536', `BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\nInfohash: ${'ab'.repeat(20)}\r\n\r\n`],
    ['an infohash that is none', `BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${'xy'.repeat(20)}\r\n\r\n`],
    ['no infohash', 'BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n'],
    ['too long a packet', `BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: ${'ab'.repeat(20)}\r\n${' '.repeat(1400)}`],
  ])('ignores %s', (_, packet) => {
    expect(parseLanAnnounce(text(packet))).toBeUndefined();
  });

  it('never throws, whatever the packet', () => {
    const [valid = new Uint8Array(1)] = encodeLanAnnounce({ port: 6881, infohashes, cookie }, 'ipv4');
    const changed = fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Uint8Array.from(valid);
      copy[at] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), (packet) => {
        const announce = parseLanAnnounce(packet);
        expect(announce?.infohashes.every(({ length }) => length === 20) ?? true).toBe(true);
      }),
    );
  });
});
