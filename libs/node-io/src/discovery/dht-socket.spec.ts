import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { encode } from '@swarmpatch/bencode';
import { afterEach, describe, expect, it } from 'vitest';
import { DhtSocket } from './dht-socket.ts';
import { DhtTranslator } from './dht-translator.ts';

const HOST = '127.0.0.1';
const OTHER = '127.0.0.2';
const PING = encode({ t: 'aa', y: 'q', q: 'ping', a: { id: Buffer.alloc(20) } });
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function open(): Promise<DhtSocket> {
  const translator = new DhtTranslator('ipv4', { closest: () => [], wanted: () => undefined });
  const socket = await DhtSocket.open('ipv4', { host: HOST, port: 0 }, translator);
  closers.push(() => {
    socket.close();
  });
  return socket;
}

async function bound(host: string, port = 0): Promise<Socket> {
  const socket = createSocket('udp4').bind(port, host);
  await once(socket, 'listening');
  closers.push(() => socket.close());
  return socket;
}

describe.skipIf(process.platform === 'darwin')('DhtSocket.moveTo()', () => {
  it('goes on at another address, both ways', async () => {
    const socket = await open();
    const { port } = socket.address();
    await socket.moveTo(OTHER);
    expect(socket.address()).toMatchObject({ address: OTHER, port });
    const neighbour = await bound(HOST);
    const heard = once(socket, 'message');
    neighbour.send(PING, port, OTHER);
    expect(await heard).toMatchObject([PING, { port: neighbour.address().port }]);
    const answered = once(neighbour, 'message');
    socket.send(PING, 0, PING.length, neighbour.address().port, HOST);
    expect(await answered).toMatchObject([PING, { address: OTHER, port }]);
    const closed = once(socket, 'close');
    socket.close();
    await closed;
    await bound(OTHER, port);
  });

  it('stays where it is when its port is taken there', async () => {
    const socket = await open();
    const { port } = socket.address();
    await bound(OTHER, port);
    await socket.moveTo(OTHER);
    expect(socket.address()).toMatchObject({ address: HOST, port });
  });

  it('leaves nothing open when it is closed meanwhile', async () => {
    const socket = await open();
    const { port } = socket.address();
    const moving = socket.moveTo(OTHER);
    socket.close();
    await moving;
    await bound(OTHER, port);
  });
});
