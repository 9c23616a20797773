import { type BlockSpan, ProtocolError } from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { FastPieces } from '../extensions/fast-pieces.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { SpreadWatch } from './spread-watch.ts';
import type { SuperSeeding } from './super-seeding.ts';
import type { TokenBucket } from '../rates/token-bucket.ts';

/** Requests of one peer that are kept; told to peers as `reqq` (BEP 10). */
export const REQUESTS_QUEUED_MAX = 1000;
/** Blocks of one peer that are read or on their way through its socket. */
export const UPLOAD_WINDOW_BYTES: number = 1024 * 1024;

interface UploadQueue {
  readonly peer: SwarmPeer;
  spans: BlockSpan[];
  underWayBytes: number;
  /** In the line of those who are served in turns. */
  isInLine: boolean;
}

/** Serves what unchoked peers ask for, in turns, within the upload limit. */
export class Uploads {
  readonly #ledger: PieceLedger;
  readonly #outbox: Outbox;
  readonly #limit: TokenBucket;
  readonly #spread: SpreadWatch;
  readonly #fast: FastPieces;
  readonly #superSeeding: SuperSeeding | undefined;
  readonly #queues = new Map<number, UploadQueue>();
  /** Those who can be served now, but for the limit, and those for whom there is none. */
  readonly #limitedLine: UploadQueue[] = [];
  readonly #exemptLine: UploadQueue[] = [];

  constructor(options: {
    ledger: PieceLedger;
    outbox: Outbox;
    limit: TokenBucket;
    spread: SpreadWatch;
    fast: FastPieces;
    superSeeding?: SuperSeeding | undefined;
  }) {
    this.#ledger = options.ledger;
    this.#outbox = options.outbox;
    this.#limit = options.limit;
    this.#spread = options.spread;
    this.#fast = options.fast;
    this.#superSeeding = options.superSeeding;
  }

  /** @throws {ProtocolError} `bad_block`, `too_many_requests` */
  requested(peer: SwarmPeer, span: BlockSpan): 'queued' | 'rejected' {
    if (!this.#ledger.layout.isServable(span)) {
      throw new ProtocolError(
        'bad_block',
        `serve a request: found piece ${span.piece}, ${span.lengthBytes} bytes at ${span.begin}; there is no such block`,
      );
    }
    if (!this.#mayServe(peer, span)) {
      this.#reject(peer, span);
      return 'rejected';
    }
    const queue = this.#queueOf(peer);
    if (queue.spans.length >= REQUESTS_QUEUED_MAX) {
      if (!peer.capabilities.fast)
        throw new ProtocolError('too_many_requests', `serve a request: ${REQUESTS_QUEUED_MAX} are waiting already`);
      this.#reject(peer, span);
      return 'rejected';
    }
    queue.spans.push(span);
    this.#lineUp(queue);
    return 'queued';
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
    const isOffered = ({ piece }: BlockSpan): boolean => peer.offeredFast.has(piece);
    for (const span of queue.spans) if (!isOffered(span)) this.#reject(peer, span);
    queue.spans = queue.spans.filter(isOffered);
  }

  /** The piece is not here any more: what waits for it is not served. */
  pieceLost(piece: number): void {
    for (const queue of this.#queues.values()) {
      for (const span of queue.spans) if (span.piece === piece) this.#reject(queue.peer, span);
      queue.spans = queue.spans.filter((span) => span.piece !== piece);
    }
  }

  disconnected(peer: SwarmPeer): void {
    const queue = this.#queues.get(peer.number);
    if (queue) queue.spans = [];
    this.#queues.delete(peer.number);
    this.#spread.left(peer);
  }

  /** A block has left, or could not be read. */
  uploaded(peer: SwarmPeer, lengthBytes: number): void {
    const queue = this.#queues.get(peer.number);
    if (!queue) return;
    queue.underWayBytes = Math.max(0, queue.underWayBytes - lengthBytes);
    this.#lineUp(queue);
  }

  pump(nowMs: number): void {
    this.#serve(this.#exemptLine, undefined, nowMs);
    this.#serve(this.#limitedLine, this.#limit, nowMs);
  }

  #serve(line: UploadQueue[], limit: TokenBucket | undefined, nowMs: number): void {
    let served = 0;
    while (served < line.length && limit?.maySpend(nowMs) !== false) {
      const queue = line[served];
      served += 1;
      if (!queue) continue;
      queue.isInLine = false;
      const span = queue.spans.shift();
      if (!span) continue;
      limit?.spend(span.lengthBytes, nowMs);
      queue.underWayBytes += span.lengthBytes;
      if (this.#ledger.wantedLeft === 0) this.#spread.blockSent(queue.peer, span.piece);
      this.#outbox.put({ kind: 'upload', peer: queue.peer.number, span });
      this.#lineUp(queue);
    }
    line.splice(0, served);
  }

  #lineUp(queue: UploadQueue): void {
    if (queue.isInLine || queue.spans.length === 0 || queue.underWayBytes >= UPLOAD_WINDOW_BYTES) return;
    queue.isInLine = true;
    (queue.peer.isExemptFromLimits ? this.#exemptLine : this.#limitedLine).push(queue);
  }

  #mayServe(peer: SwarmPeer, span: BlockSpan): boolean {
    if (!this.#ledger.have.has(span.piece) || this.#superSeeding?.mayServe(peer, span.piece) === false) return false;
    return !peer.areWeChoking || this.#fast.maySpend(peer, span);
  }

  #queueOf(peer: SwarmPeer): UploadQueue {
    const known = this.#queues.get(peer.number);
    if (known) return known;
    const queue: UploadQueue = { peer, spans: [], underWayBytes: 0, isInLine: false };
    this.#queues.set(peer.number, queue);
    return queue;
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
