import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { TokenBucket } from '../rates/token-bucket.ts';
import type { PieceLedger } from './piece-ledger.ts';

/**
 * Whom to look at for more requests: only peers for whom something has changed, since most have a full pipeline. Those who
 * have nothing to give wait for new supply, and others for the download limit.
 */
export class DuePeers {
  readonly #ledger: PieceLedger;
  readonly #limit: TokenBucket;
  #due: SwarmPeer[] = [];
  /** Peers with room in their pipeline and nothing to be asked for: they wait until supply is no more `#starvedAt`. */
  readonly #starved = new Set<SwarmPeer>();
  #starvedAt = 0;
  readonly #limited = new Set<SwarmPeer>();

  constructor(ledger: PieceLedger, limit: TokenBucket) {
    this.#ledger = ledger;
    this.#limit = limit;
  }

  add(peer: SwarmPeer): void {
    if (peer.isDue) return;
    peer.isDue = true;
    this.#due.push(peer);
  }

  /** The peer has nothing to be asked for. @param supply What it was when that was found. */
  waitForSupply(peer: SwarmPeer, supply: number): void {
    if (this.#starved.size === 0) this.#starvedAt = supply;
    this.#starved.add(peer);
  }

  waitForLimit(peer: SwarmPeer): void {
    this.#limited.add(peer);
  }

  waitNoMore(peer: SwarmPeer): void {
    this.#starved.delete(peer);
    this.#limited.delete(peer);
  }

  /** Those who waited for supply, which is new to them. */
  takeStarved(): readonly SwarmPeer[] {
    const starved = [...this.#starved];
    this.#starved.clear();
    return starved;
  }

  /** Those who are due, and are not any more. Ends when nobody is: looking at one may make another due. */
  *take(nowMs: number): Generator<SwarmPeer> {
    if (this.#limited.size > 0 && this.#limit.maySpend(nowMs)) {
      for (const peer of this.#limited) this.add(peer);
      this.#limited.clear();
    }
    for (;;) {
      if (this.#starved.size > 0 && this.#starvedAt !== this.#ledger.supply) {
        for (const peer of this.#starved) this.add(peer);
        this.#starved.clear();
      }
      if (this.#due.length === 0) return;
      const due = this.#due;
      this.#due = [];
      for (const peer of due) {
        peer.isDue = false;
        yield peer;
      }
    }
  }
}
