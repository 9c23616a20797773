import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { type PortMapping, type PortMappingOptions, startPortMapping } from './port-mapping.ts';

const HOST = '127.0.0.1';
const NAT_PMP_PORT = 5351;
const CLIENT_PORT = 5350;
const SSDP = { host: '239.255.255.250', port: 1900 };
const MAP_TCP = 2;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function start(options: PortMappingOptions): PortMapping {
  const mapping = startPortMapping(options);
  closers.push(() => mapping.close());
  return mapping;
}

async function bindUdp(options: { address?: string; port: number; reuseAddr?: boolean }): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: options.reuseAddr ?? false });
  socket.bind({ ...options, exclusive: true });
  await once(socket, 'listening');
  closers.push(() => socket.close());
  return socket;
}

/** A gateway that maps each port to the next, and remembers the lifetimes that it granted (RFC 6886). */
async function serveNatPmp(garbage: readonly Uint8Array[] = []): Promise<Map<number, number>> {
  const lifetimes = new Map<number, number>();
  const socket = await bindUdp({ address: HOST, port: NAT_PMP_PORT });
  socket.on('message', (packet, { address, port }) => {
    for (const bytes of garbage) socket.send(bytes, port, address);
    const operation = packet.readUInt8(1);
    const reply = Buffer.alloc(operation === MAP_TCP ? 16 : 12);
    reply.writeUInt8(128 + operation, 1);
    if (operation === MAP_TCP) {
      const internalPort = packet.readUInt16BE(4);
      lifetimes.set(internalPort, packet.readUInt32BE(8));
      reply.writeUInt16BE(internalPort, 8);
      reply.writeUInt16BE(internalPort + 1, 10);
      reply.writeUInt32BE(packet.readUInt32BE(8), 12);
    } else {
      reply.set([203, 0, 113, 5], 8);
    }
    socket.send(reply, port, address);
  });
  return lifetimes;
}

const OWN_ADDRESS = Object.values(networkInterfaces())
  .flatMap((infos) => infos ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

/** An internet gateway device: an answer to the search, a description, and two actions. */
async function serveUpnp(address: string): Promise<string[]> {
  const actions: string[] = [];
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.end(
        `<root><device><serviceList><service>
        <serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>
        <controlURL>/control</controlURL><SCPDURL>/scpd</SCPDURL></service></serviceList></device></root>`,
      );
      return;
    }
    const action = String(request.headers['soapaction']).replace(/^.*#|"$/g, '');
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const port = /<NewExternalPort>(\d+)/.exec(body)?.[1];
      const isTaken = action === 'AddPortMapping' && port === '7001';
      actions.push(`${action} ${isTaken ? 'taken' : (/<NewInternalPort>(\d+)/.exec(body)?.[1] ?? '')}`.trim());
      const content = isTaken
        ? `<s:Fault><faultstring>UPnPError</faultstring><detail><UPnPError><errorCode>718</errorCode></UPnPError></detail></s:Fault>`
        : `<u:${action}Response xmlns:u="x"><NewExternalIPAddress>203.0.113.6</NewExternalIPAddress></u:${action}Response>`;
      response.statusCode = isTaken ? 500 : 200;
      response.end(
        `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${content}</s:Body></s:Envelope>`,
      );
    });
  });
  server.listen(0, address);
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const location = `http://${address}:${(server.address() as AddressInfo).port}/description`;
  const searched = await bindUdp({ port: SSDP.port, reuseAddr: true });
  searched.addMembership(SSDP.host, address);
  searched.on('message', (packet, source) => {
    const st = /^ST: (.*)\r$/m.exec(packet.toString())?.[1];
    if (st === undefined) return;
    searched.send(`HTTP/1.1 200 OK\r\nST: ${st}\r\nLOCATION: ${location}\r\n\r\n`, source.port, source.address);
  });
  return actions;
}

describe('startPortMapping()', () => {
  it('maps by NAT-PMP, says to which port, and takes it back', async () => {
    const lifetimes = await serveNatPmp();
    const changes: unknown[] = [];
    const mapping = start({ port: 7001, gateway: HOST, onChange: (mapped) => changes.push(mapped) });
    const mapped = { externalPort: 7002, externalHost: '203.0.113.5', protocol: 'nat-pmp' };
    expect(await mapping.first).toEqual(mapped);
    expect(mapping.current).toEqual(mapped);
    expect(lifetimes.get(7001)).toBe(7200);
    await mapping.close();
    expect(lifetimes.get(7001)).toBe(0);
    expect(changes).toEqual([mapped, undefined]);
  });

  it('lives through replies that are too short', async () => {
    await serveNatPmp([Buffer.of(0), Buffer.of(0, 130), Buffer.of(0, 130, 0, 0, 0)]);
    expect(await start({ port: 7003, gateway: HOST }).first).toBeUndefined();
  });

  it.skipIf(OWN_ADDRESS === undefined)(
    'maps by UPnP where there is no NAT-PMP, to another port than a taken one',
    async () => {
      const actions = await serveUpnp(OWN_ADDRESS ?? '');
      const mapping = start({ port: 7001 });
      const mapped = await mapping.first;
      expect(mapped).toMatchObject({ externalHost: '203.0.113.6', protocol: 'upnp' });
      expect(mapped?.externalPort).toBeGreaterThanOrEqual(49_152);
      await mapping.close();
      expect(actions).toEqual([
        'AddPortMapping taken',
        'AddPortMapping 7001',
        'GetExternalIPAddress',
        'DeletePortMapping',
      ]);
    },
  );

  it('is quiet without a gateway, and when the port that it sends from is taken', async () => {
    expect(await start({ port: 7004, gateway: HOST }).first).toBeUndefined();
    await bindUdp({ port: CLIENT_PORT });
    expect(await start({ port: 7005, gateway: HOST }).first).toBeUndefined();
  });

  it('closes at once while it is still asking', async () => {
    const mapping = start({ port: 7006 });
    await Promise.all([mapping.close(), mapping.close()]);
    expect(await mapping.first).toBeUndefined();
  });
});
