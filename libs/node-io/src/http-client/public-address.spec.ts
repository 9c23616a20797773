import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from './http-request.ts';
import { isPublicAddress, namesInside, publicLookup } from './public-address.ts';

describe('isPublicAddress()', () => {
  it.each(['1.1.1.1', '172.32.0.1', '11.0.0.1', '2606:4700::1111', '64:ff9b::101:101', '::ffff:1.1.1.1'])(
    'takes %s as public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '127.255.255.255',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:c0a8:101',
    '64:ff9b::7f00:1',
    '64:ff9b::a01:203',
    '2002:7f00:1::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'ff02::1',
    '',
    'example.org',
  ])('takes "%s" as none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('namesInside()', () => {
  it.each([
    ['http://127.0.0.1/', true],
    ['http://2130706433/', true],
    ['http://0x7f.1/', true],
    ['http://[::1]:80/', true],
    ['http://localhost/', true],
    ['http://a.localhost./', true],
    ['http://1.1.1.1/', false],
    ['http://[2606:4700::1111]/', false],
    ['http://example.org/', false],
  ])('says of %s: %s', (url, expected) => {
    expect(namesInside(new URL(url))).toBe(expected);
  });
});

describe('publicLookup()', () => {
  const resolvesTo = (...addresses: string[]) =>
    publicLookup((_hostname, _options, callback) => {
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    });

  it('refuses a name that leads inside', () => {
    resolvesTo('192.168.0.7', '::1')('evil.example', { all: true }, (error) => {
      expect(error).toMatchObject({ code: 'http_address_refused' });
      expect(error?.message).toContain('192.168.0.7, ::1');
    });
  });

  it('gives just the public addresses of a name that leads both ways', () => {
    resolvesTo('127.0.0.1', '1.1.1.1')('both.example', { all: true }, (_error, addresses) => {
      expect(addresses).toEqual([{ address: '1.1.1.1', family: 4 }]);
    });
    resolvesTo('127.0.0.1', '1.1.1.1')('both.example', {}, (_error, address, family) => {
      expect([address, family]).toEqual(['1.1.1.1', 4]);
    });
  });

  it('passes on that a name is not known', () => {
    const unknown = publicLookup((_hostname, _options, callback) => {
      callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
    });
    unknown('nowhere.example', {}, (error) => {
      expect(error).toMatchObject({ code: 'ENOTFOUND' });
    });
  });
});

describe('sendHttp() with public reach', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('refuses addresses inside, and names that resolve to them, even after others were allowed there', async () => {
    let requests = 0;
    server = createServer((_request, response) => {
      requests += 1;
      response.end('secret');
    });
    const listening = server;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const { port } = listening.address() as AddressInfo;
    await (await sendHttp({ url: `http://127.0.0.1:${port}/` })).discard();
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433']) {
      await expect(sendHttp({ url: `http://${host}:${port}/`, reach: () => 'public' })).rejects.toMatchObject({
        code: 'http_address_refused',
      });
    }
    expect(requests).toBe(1);
  });
});
