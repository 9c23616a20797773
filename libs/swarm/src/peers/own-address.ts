import type { Endpoint } from './canonical-priority.ts';
import { Host } from './host.ts';

/** Addresses that peers say they see this client at: more than a few are lies. */
const TOLD_HOSTS_MAX = 16;

/** Where this client is: its interfaces, and where most peers see it (BEP 10, `yourip`), which is a hint and no more. */
export class OwnAddress {
  readonly #interfaces: readonly Host[];
  readonly #port: number;
  readonly #told = new Map<string, Set<string>>();
  #seen: Host | undefined;

  /** @param port 0 when nobody can connect. */
  constructor(interfaces: readonly string[], port: number) {
    this.#interfaces = interfaces.map((text) => new Host(text)).filter(({ bytes }) => bytes !== undefined);
    this.#port = port;
  }

  get hosts(): readonly Host[] {
    return this.#seen ? [...this.#interfaces, this.#seen] : this.#interfaces;
  }

  /** As peers see it. */
  get endpoint(): Endpoint | undefined {
    const host = this.#seen ?? this.#interfaces.find(({ scope }) => scope === 'public') ?? this.#interfaces[0];
    return host && { host, port: this.#port };
  }

  /** Counts one voice for each host that tells. True when most see it elsewhere now. */
  told(host: string, by: string): boolean {
    const voices = this.#told.get(host) ?? new Set<string>();
    if (voices.size === 0 && this.#told.size >= TOLD_HOSTS_MAX) return false;
    if (voices.size < TOLD_HOSTS_MAX) voices.add(by);
    this.#told.set(host, voices);
    const most = [...this.#told].reduce((best, each) => (each[1].size > best[1].size ? each : best));
    if (most[0] === this.#seen?.text) return false;
    this.#seen = new Host(most[0]);
    return true;
  }
}
