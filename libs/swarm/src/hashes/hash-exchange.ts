import type { Metainfo } from '@swarmpatch/metainfo';
import type { HashSpan } from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import type { TokenBucket } from '../rates/token-bucket.ts';
import { FileTrees } from './file-trees.ts';
import { HashServer } from './hash-server.ts';
import { LeafQueries } from './leaf-queries.ts';

/** Hash messages of BEP 52, both ways. Of a v1 torrent there are none: what is asked for is rejected. */
export class HashExchange {
  readonly #outbox: Outbox;
  readonly #server: HashServer | undefined;
  readonly #queries: LeafQueries | undefined;

  constructor(options: {
    metainfo: Metainfo | undefined;
    ledger: PieceLedger;
    peers: ReadonlyMap<number, SwarmPeer>;
    outbox: Outbox;
    uploadLimit: TokenBucket;
    /** @param leafHashes Proven hashes of the blocks of a piece that failed. */
    onLeaves: (piece: number, leafHashes: Uint8Array, nowMs: number) => void;
  }) {
    const { metainfo, ledger, peers, outbox, uploadLimit, onLeaves } = options;
    this.#outbox = outbox;
    if (!metainfo || metainfo.format === 'v1') return;
    const trees = new FileTrees(metainfo);
    this.#server = new HashServer({ trees, ledger, outbox, uploadLimit });
    this.#queries = new LeafQueries({ trees, peers, outbox, onLeaves });
  }

  requested(peer: SwarmPeer, span: HashSpan, nowMs: number): void {
    if (this.#server) this.#server.requested(peer, span, nowMs);
    else {
      const { piecesRoot, ...rest } = span;
      this.#outbox.send(peer.number, { ...rest, kind: 'hash_reject', piecesRoot: new Uint8Array(piecesRoot) });
    }
  }

  received(peer: SwarmPeer, reply: HashSpan & { readonly hashes: Uint8Array }, nowMs: number): void {
    this.#queries?.received(peer, reply, nowMs);
  }

  rejected(peer: SwarmPeer, span: HashSpan, nowMs: number): void {
    this.#queries?.rejected(peer, span, nowMs);
  }

  /** A piece from several peers failed: the hashes of its blocks tell whose were bad. */
  failed(piece: number, nowMs: number): void {
    this.#queries?.want(piece, nowMs);
  }

  leavesRead(piece: number, leafHashes: Uint8Array | undefined, nowMs: number): void {
    this.#server?.leavesRead(piece, leafHashes, nowMs);
  }

  left(peer: SwarmPeer, nowMs: number): void {
    this.#server?.left(peer);
    this.#queries?.left(peer, nowMs);
  }

  tick(nowMs: number): void {
    this.#server?.tick(nowMs);
    this.#queries?.tick(nowMs);
  }
}
