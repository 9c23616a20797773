import type { Host } from './host.ts';

/**
 * Counts hosts, so that no public host and no public subnet gets more than its share. Machines of our own network do not
 * count: there many players are one address apart, and strangers cannot pretend to be there.
 */
export class HostQuota {
  readonly #perHostMax: number;
  readonly #perSubnetMax: number;
  readonly #hosts = new Map<string, number>();
  readonly #subnets = new Map<string, number>();

  constructor({ perHostMax, perSubnetMax }: { perHostMax: number; perSubnetMax: number }) {
    this.#perHostMax = perHostMax;
    this.#perSubnetMax = perSubnetMax;
  }

  hasRoomFor(host: Host): boolean {
    if (host.isNear) return true;
    return (
      (this.#hosts.get(host.text) ?? 0) < this.#perHostMax && (this.#subnets.get(host.subnet) ?? 0) < this.#perSubnetMax
    );
  }

  add(host: Host): void {
    count(this.#hosts, host.text, 1);
    count(this.#subnets, host.subnet, 1);
  }

  remove(host: Host): void {
    count(this.#hosts, host.text, -1);
    count(this.#subnets, host.subnet, -1);
  }
}

function count(counts: Map<string, number>, key: string, change: number): void {
  const left = (counts.get(key) ?? 0) + change;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
