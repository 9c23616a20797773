import { createSocket } from 'node:dgram';
import { Tracker, writeConnectRequest } from '@swarmpatch/tracker';
import { describe, expect, it } from 'vitest';
import { startPeerSweep, startUdpTracker } from './udp-server.ts';

const tracker = new Tracker({ admission: 'any', random: () => 0.5 });

describe('startUdpTracker()', () => {
  it('says where it listens, answers there, and stops', async () => {
    const server = await startUdpTracker(tracker, { host: '127.0.0.1', port: 0 });
    expect(server.address.host).toBe('127.0.0.1');
    const client = createSocket('udp4');
    const reply = new Promise<Buffer>((resolve) => client.once('message', resolve));
    client.send(Buffer.from('junk'), server.address.port, '127.0.0.1');
    client.send(writeConnectRequest(5), server.address.port, '127.0.0.1');
    expect(await reply).toHaveLength(16);
    client.close();
    await server.close();
    const again = await startUdpTracker(tracker, { host: '127.0.0.1', port: server.address.port });
    await again.close();
  });

  it('rejects with the reason when the port is taken', async () => {
    const server = await startUdpTracker(tracker, { host: '127.0.0.1', port: 0 });
    await expect(startUdpTracker(tracker, { host: '127.0.0.1', port: server.address.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await server.close();
  });
});

describe('startPeerSweep()', () => {
  it('ends when it is told to', () => {
    expect(() => startPeerSweep(tracker).stop()).not.toThrow();
  });
});
