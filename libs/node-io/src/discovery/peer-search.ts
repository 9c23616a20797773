import type { PeerEndpoint } from '@swarmpatch/tracker';

/** Peers taken from one look-up. */
export const DHT_LOOKUP_PEERS_MAX = 1000;

/** Hands on the peers of one look-up, each once and many at a time. */
export class PeerSearch {
  readonly #onPeers: (peers: readonly PeerEndpoint[]) => void;
  readonly #seen: Set<string> = new Set();
  #found: PeerEndpoint[] = [];
  #flushing: NodeJS.Immediate | undefined;

  constructor(onPeers: (peers: readonly PeerEndpoint[]) => void) {
    this.#onPeers = onPeers;
  }

  add({ host, port }: PeerEndpoint): void {
    const key = `${host}:${port}`;
    if (this.#seen.has(key) || this.#seen.size >= DHT_LOOKUP_PEERS_MAX) return;
    this.#seen.add(key);
    this.#found.push({ host, port });
    this.#flushing ??= setImmediate(() => {
      this.flush();
    });
  }

  flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const found = this.#found;
    this.#found = [];
    if (found.length > 0) this.#onPeers(found);
  }
}
