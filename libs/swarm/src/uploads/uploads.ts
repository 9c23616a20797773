import { type BlockSpan, ProtocolError } from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { TokenBucket } from '../rates/token-bucket.ts';

/** Requests of one peer that are kept; told to peers as `reqq` (BEP 10). */
export const REQUESTS_QUEUED_MAX = 1000;
/** Blocks of one peer that are read or on their way through its socket. */
export const UPLOAD_WINDOW_BYTES: number = 1024 * 1024;

interface UploadQueue {
  readonly peer: SwarmPeer;
  spans: BlockSpan[];
  underWayBytes: number;
}

/** Serves what unchoked peers ask for, in turns, within the upload limit. */
export class Uploads {
  readonly #ledger: PieceLedger;
  readonly #outbox: Outbox;
  readonly #limit: TokenBucket;
  readonly #queues = new Map<number, UploadQueue>();

  constructor(options: { ledger: PieceLedger; outbox: Outbox; limit: TokenBucket }) {
    this.#ledger = options.ledger;
    this.#outbox = options.outbox;
    this.#limit = options.limit;
  }

  /** @throws {ProtocolError} `bad_block`, `too_many_requests` */
  requested(peer: SwarmPeer, span: BlockSpan): void {
    if (!this.#ledger.layout.isServable(span)) {
      throw new ProtocolError(
        'bad_block',
        `serve a request: found piece ${span.piece}, ${span.lengthBytes} bytes at ${span.begin}; there is no such block`,
      );
    }
    if (peer.areWeChoking || !this.#ledger.have.has(span.piece)) {
      this.#reject(peer, span);
      return;
    }
    const queue = this.#queues.get(peer.number) ?? { peer, spans: [], underWayBytes: 0 };
    this.#queues.set(peer.number, queue);
    if (queue.spans.length >= REQUESTS_QUEUED_MAX) {
      if (!peer.capabilities.fast)
        throw new ProtocolError('too_many_requests', `serve a request: ${REQUESTS_QUEUED_MAX} are waiting already`);
      this.#reject(peer, span);
      return;
    }
    queue.spans.push(span);
  }

  cancelled(peer: SwarmPeer, span: BlockSpan): void {
    const queue = this.#queues.get(peer.number);
    const at = queue?.spans.findIndex((each) => each.piece === span.piece && each.begin === span.begin) ?? -1;
    if (!queue || at < 0) return;
    queue.spans.splice(at, 1);
    this.#reject(peer, span);
  }

  choked(peer: SwarmPeer): void {
    const queue = this.#queues.get(peer.number);
    if (!queue) return;
    for (const span of queue.spans) this.#reject(peer, span);
    queue.spans = [];
  }

  disconnected(peer: SwarmPeer): void {
    this.#queues.delete(peer.number);
  }

  /** A block has left, or could not be read. */
  uploaded(peer: SwarmPeer, lengthBytes: number): void {
    const queue = this.#queues.get(peer.number);
    if (queue) queue.underWayBytes = Math.max(0, queue.underWayBytes - lengthBytes);
  }

  pump(nowMs: number): void {
    let isServing = true;
    while (isServing) {
      isServing = false;
      for (const queue of this.#queues.values()) {
        if (queue.underWayBytes >= UPLOAD_WINDOW_BYTES) continue;
        const span = queue.spans.shift();
        if (!span) continue;
        if (!this.#limit.maySpend(nowMs)) {
          queue.spans.unshift(span);
          this.#turn();
          return;
        }
        this.#limit.spend(span.lengthBytes, nowMs);
        queue.underWayBytes += span.lengthBytes;
        this.#outbox.put({ kind: 'upload', peer: queue.peer.number, span });
        isServing = true;
      }
    }
  }

  /** The first comes last next time: a tight limit must not serve one peer only. */
  #turn(): void {
    for (const [number, queue] of this.#queues) {
      this.#queues.delete(number);
      this.#queues.set(number, queue);
      return;
    }
  }

  /** Without BEP 6 a request that is not served is dropped in silence. */
  #reject(peer: SwarmPeer, span: BlockSpan): void {
    if (peer.capabilities.fast)
      this.#outbox.send(peer.number, {
        kind: 'reject',
        piece: span.piece,
        begin: span.begin,
        lengthBytes: span.lengthBytes,
      });
  }
}
