import type { Agent } from 'undici';
import { publicLookup } from './public-address.ts';

/** Sockets kept to one host: enough for many tiny files, few enough for one small server. */
export const HTTP_CONNECTIONS_PER_HOST_MAX = 32;

/** `public` for addresses of the Internet alone. */
export type HttpReach = 'any' | 'public';

/** By which addresses of a host it is asked. */
export interface AddressChoice {
  readonly reach: HttpReach;
  readonly family: 4 | 6 | undefined;
}

const agents = new Map<string, Agent>();

/** One pool of connections for each choice: what one kept open, another might not have been allowed to open. */
export async function agentFor({ reach, family }: AddressChoice): Promise<Agent> {
  // Loaded with the first request: it takes longer to load than all else, and a swarm of peers alone has no use for it.
  const undici = await import('undici');
  const key = `${reach} ${family ?? ''}`;
  const agent =
    agents.get(key) ??
    new undici.Agent({
      connections: HTTP_CONNECTIONS_PER_HOST_MAX,
      pipelining: 1,
      keepAliveTimeout: 10_000,
      connect: { ...(family ? { family } : {}), ...(reach === 'public' ? { lookup: publicLookup() } : {}) },
    });
  agents.set(key, agent);
  return agent;
}
