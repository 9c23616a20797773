/** A swarm for specs: without limits and web seeds, and blocks of it go nowhere. */
import { TokenBucket } from './rates/token-bucket.ts';
import { Swarm } from './swarm.ts';
import type { SwarmOptions } from './swarm-options.ts';

/** @param options `random` gives always the same unless given. */
export function plainSwarm(options: Pick<SwarmOptions, 'layout'> & Partial<SwarmOptions>): Swarm {
  return new Swarm({
    slots: {
      open: () => undefined,
      write: () => undefined,
      adopt: () => undefined,
      fingerprints: () => [],
      release: () => undefined,
    },
    peerId: '00'.repeat(20),
    self: { client: 'test' },
    downloadLimit: TokenBucket.unlimited(),
    uploadLimit: TokenBucket.unlimited(),
    webSeedCount: 0,
    have: new Uint8Array(0),
    random: () => 0.4,
    ...options,
  });
}
