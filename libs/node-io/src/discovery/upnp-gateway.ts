import { isIPv4 } from 'node:net';
import NatUpnpClient from '@silentbot1/nat-api/lib/upnp/index.js';
import { type Gateway, MAPPING_LIFETIME_SECONDS, type MappedPort, withinMs } from './gateway.ts';

const ANSWER_TIMEOUT_MS = 6000;
/** Another machine may have the port: others are tried. */
const PORTS_TRIED = 3;
const PRIVATE_PORTS_FROM = 49_152;

/** An internet gateway device (UPnP IGD, WANIPConnection), whichever answers first. */
export class UpnpGateway implements Gateway {
  readonly #client = new NatUpnpClient({ permanentFallback: true });
  readonly #port: number;
  #externalPort: number;

  constructor(port: number) {
    this.#port = port;
    this.#externalPort = port;
  }

  async map(): Promise<{ mapped: MappedPort; lifetimeSeconds: number }> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await withinMs(ANSWER_TIMEOUT_MS, this.#client.portMapping({ ...this.#mapping(), private: this.#port }));
        break;
      } catch (error) {
        const isTaken = error instanceof Error && error.message.includes('conflict');
        if (!isTaken || attempt === PORTS_TRIED) throw error;
        this.#externalPort = PRIVATE_PORTS_FROM + Math.floor(Math.random() * (65_536 - PRIVATE_PORTS_FROM));
      }
    }
    const found = await withinMs(ANSWER_TIMEOUT_MS, this.#client.externalIp()).catch(() => undefined);
    const externalHost = typeof found === 'string' && isIPv4(found) ? found : undefined;
    return {
      mapped: { externalPort: this.#externalPort, externalHost, protocol: 'upnp' },
      lifetimeSeconds: MAPPING_LIFETIME_SECONDS,
    };
  }

  async unmap(): Promise<void> {
    await withinMs(ANSWER_TIMEOUT_MS, this.#client.portUnmapping(this.#mapping()));
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }

  #mapping(): { public: number; protocol: 'TCP'; description: string; ttl: number } {
    return { public: this.#externalPort, protocol: 'TCP', description: 'Swarmpatch', ttl: MAPPING_LIFETIME_SECONDS };
  }
}
