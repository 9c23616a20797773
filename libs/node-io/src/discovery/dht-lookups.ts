import type { PeerEndpoint } from '@swarmpatch/tracker';
import type LibraryNode from 'bittorrent-dht';
import { PeerSearch } from './peer-search.ts';

const LOOKUP_TIMEOUT_MS = 60_000;

/** Takes one node's look-ups and announces to their end, within `LOOKUP_TIMEOUT_MS` each. */
export class DhtLookups {
  readonly #library: LibraryNode;
  readonly #searches: Map<string, Set<PeerSearch>> = new Map();

  constructor(library: LibraryNode) {
    this.#library = library;
  }

  /** Somebody named peers of a torrent: they are of those who look for them now. */
  found(infohash: Uint8Array, peers: readonly PeerEndpoint[]): void {
    for (const search of this.#searches.get(toKey(infohash)) ?? []) for (const peer of peers) search.add(peer);
  }

  /** The nodes nearest to the infohash are asked, and whom they name, until nobody nearer is left. */
  lookUp(infohash: Buffer, onPeers: (peers: readonly PeerEndpoint[]) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const key = toKey(infohash);
    const search = new PeerSearch(onPeers);
    this.#searches.set(key, (this.#searches.get(key) ?? new Set()).add(search));
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        stop();
        this.#forget(key, search);
        search.flush();
        resolve();
      };
      const timer = setTimeout(finish, LOOKUP_TIMEOUT_MS);
      signal.addEventListener('abort', finish, { once: true });
      const stop = this.#library.lookup(infohash, finish);
    });
  }

  /** @returns whether there is nothing left to announce. */
  announce(infohash: Buffer, port: number | undefined, signal: AbortSignal): Promise<boolean> {
    if (port === undefined || signal.aborted) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (isKnown: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        resolve(isKnown);
      };
      const giveUp = (): void => {
        finish(false);
      };
      const timer = setTimeout(giveUp, LOOKUP_TIMEOUT_MS);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#library.announce(infohash, port, (error, nodes = 0) => {
        finish(error === null && nodes > 0);
      });
    });
  }

  #forget(key: string, search: PeerSearch): void {
    const searches = this.#searches.get(key);
    searches?.delete(search);
    if (searches?.size === 0) this.#searches.delete(key);
  }
}

function toKey(infohash: Uint8Array): string {
  return Buffer.from(infohash).toString('hex');
}
