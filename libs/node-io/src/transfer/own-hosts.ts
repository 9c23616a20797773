import { networkInterfaces } from 'node:os';

/** Addresses of this machine's interfaces: peers of the same networks are near. */
export function ownHosts(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}
