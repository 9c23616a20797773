import { isIPv4 } from 'node:net';
import NatApi from '@silentbot1/nat-api';
import NatPmpClient from '@silentbot1/nat-api/lib/pmp/index.js';
import { type Gateway, isPort, MAPPING_LIFETIME_SECONDS, type MappedPort, withinMs } from './gateway.ts';

const ANSWER_TIMEOUT_MS = 750;
/** The library sends each request once. */
const ATTEMPTS = 3;

/** A gateway that speaks NAT-PMP (RFC 6886). */
export class NatPmpGateway implements Gateway {
  readonly #address: string;
  readonly #port: number;

  constructor(address: string, port: number) {
    this.#address = address;
    this.#port = port;
  }

  async map(): Promise<{ mapped: MappedPort; lifetimeSeconds: number }> {
    const wish = { public: this.#port, private: this.#port, type: 'tcp', ttl: MAPPING_LIFETIME_SECONDS } as const;
    const { public: externalPort, ttl } = await this.#ask((client) => client.portMapping(wish));
    if (!isPort(externalPort)) throw new Error(`NAT-PMP: mapped to port ${externalPort}`);
    const externalHost = await this.#ask((client) => client.externalIp()).catch(() => undefined);
    const isKnown = externalHost !== undefined && isIPv4(externalHost) && externalHost !== '0.0.0.0';
    return {
      mapped: { externalPort, externalHost: isKnown ? externalHost : undefined, protocol: 'nat-pmp' },
      lifetimeSeconds: ttl,
    };
  }

  async unmap(): Promise<void> {
    await this.#ask((client) => client.portUnmapping({ private: this.#port, type: 'tcp' }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** A client that got no answer is stuck: each attempt has its own. */
  async #ask<T>(question: (client: NatPmpClient) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const client = new NatPmpClient(this.#address);
      client.on('error', () => undefined);
      try {
        return await withinMs(ANSWER_TIMEOUT_MS, question(client));
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      } finally {
        await client.close();
      }
    }
  }
}

/** @returns undefined where there is no IPv4 route out. */
export async function defaultGateway(): Promise<string | undefined> {
  const api = new NatApi({ enableUPNP: false });
  const gateway = api._pmpClient?.gateway;
  await api.destroy();
  return gateway;
}
