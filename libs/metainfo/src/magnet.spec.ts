import { Buffer } from 'node:buffer';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatMagnet, parseMagnet } from './magnet.ts';
import { MetainfoError } from './metainfo-error.ts';

const V1 = 'c0fda1edafdbdbb96443424e0b3899af7159d10e';
const V2 = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e';

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}

describe('parseMagnet()', () => {
  it('reads both infohashes, name, trackers, web seeds, peers and chosen files', () => {
    const magnet = parseMagnet(
      `magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${V2}&dn=My+game%21&tr=http%3A%2F%2Ft.example%2Fannounce&tr.1=udp://u.example:80&ws=http://w.example/&x.pe=1.2.3.4:5&x.pe=%5B%3A%3A1%5D:6881&so=0,2,6-8`,
    );
    expect(hex(magnet.infohashV1)).toBe(V1);
    expect(hex(magnet.infohashV2)).toBe(V2);
    expect(magnet).toMatchObject({
      name: 'My game!',
      trackers: ['http://t.example/announce', 'udp://u.example:80'],
      webSeeds: ['http://w.example/'],
      peers: [
        { host: '1.2.3.4', port: 5 },
        { host: '::1', port: 6881 },
      ],
      selectOnly: [
        { first: 0, last: 0 },
        { first: 2, last: 2 },
        { first: 6, last: 8 },
      ],
    });
  });

  it('reads base32 and capital letters', () => {
    expect(hex(parseMagnet('magnet:?xt=urn:btih:YD62D3NP3PN3SZCDIJHAWOEZV5YVTUIO').infohashV1)).toBe(V1);
    expect(hex(parseMagnet(`MAGNET:?xt=URN:BTIH:${V1.toUpperCase()}`).infohashV1)).toBe(V1);
  });

  it.each([
    '',
    'http://example.com/',
    'magnet:',
    'magnet:?dn=name',
    'magnet:?xt=urn:btih:1234',
    `magnet:?xt=urn:btmh:1114${V2}`,
    `magnet:?xt=urn:btih:${V1}&xt=urn:btih:${'0'.repeat(40)}`,
    `magnet:?xt=urn:btih:${V1}&so=5-2`,
    `magnet:?xt=urn:btih:${V1}&so=x`,
    `magnet:?xt=urn:btih:${V1}&so=99999999`,
    `magnet:?xt=urn:btih:${V1}&dn=${'n'.repeat(40_000)}`,
  ])('refuses %.60s', (text) => {
    expect(() => parseMagnet(text)).toThrow(expect.objectContaining({ code: 'bad_magnet' }));
  });

  it('leaves out peers and URLs that cannot be used', () => {
    const magnet = parseMagnet(
      `magnet:?xt=urn:btih:${V1}&x.pe=nohost&x.pe=h:0&x.pe=h:70000&x.pe=:5&tr=javascript:1&ws=file:///etc`,
    );
    expect([magnet.peers, magnet.trackers, magnet.webSeeds]).toEqual([[], [], []]);
  });

  it('gives a magnet or its own error for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `magnet:?xt=urn:btih:${V1}&${text}`),
        ),
        (text) => {
          try {
            parseMagnet(text);
          } catch (error) {
            expect(error).toBeInstanceOf(MetainfoError);
          }
        },
      ),
    );
  });
});

describe('formatMagnet()', () => {
  it('is undone by parseMagnet()', () => {
    const magnet = {
      infohashV1: new Uint8Array(Buffer.from(V1, 'hex')),
      infohashV2: new Uint8Array(Buffer.from(V2, 'hex')),
      name: 'a&b=c d',
      trackers: ['http://t.example/announce?key=1&b=2'],
      webSeeds: ['http://w.example/x y/'.replace(' ', '%20')],
      peers: [
        { host: '::1', port: 1 },
        { host: 'peer.example', port: 2 },
      ],
      selectOnly: [{ first: 1, last: 3 }],
    };
    expect(parseMagnet(formatMagnet(magnet))).toEqual(magnet);
  });

  it('refuses to write one without an infohash', () => {
    expect(() => formatMagnet({ name: 'x' })).toThrow(MetainfoError);
  });
});
