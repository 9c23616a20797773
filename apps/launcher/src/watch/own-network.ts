import { networkInterfaces } from 'node:os';

/** The addresses of this machine, to be compared. Those of the link alone come and go with containers. */
export function describeNetwork(): string {
  return ownHosts()
    .filter((host) => !/^(127\.|::1$|169\.254\.|fe80:)/.test(host))
    .sort()
    .join(' ');
}

function ownHosts(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
  } catch {
    // Some systems keep it from programs.
    return [];
  }
}
