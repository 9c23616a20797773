import { HASH_LENGTH_BYTES } from '@swarmpatch/merkle';
import type { HashSpan } from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import { LEAVES_PER_REPLY_MAX } from './hash-server.ts';
import type { FileTree } from './file-tree.ts';
import type { FileTrees } from './file-trees.ts';

/** Pieces whose block hashes are asked for at a time; further failed pieces wait. */
export const LEAF_QUERIES_MAX = 16;
export const LEAF_QUERIES_WAITING_MAX = 256;
/** Peers that are asked, one after the other, for the hashes of one piece. */
export const LEAF_QUERY_TRIES_MAX = 4;
/** A peer that has not answered by then is not waited for. */
const LEAF_QUERY_TIMEOUT_MS = 10_000;

interface Query {
  readonly piece: number;
  readonly tree: FileTree;
  readonly pieceInFile: number;
  readonly tried: Set<SwarmPeer>;
  peer: SwarmPeer | undefined;
  askedMs: number;
  /** By part of a reply's length, in order. */
  parts: Map<number, Uint8Array>;
}

/**
 * Asks peers for the hashes of a piece's blocks (BEP 52) when the piece failed: what they prove of each block names the
 * sender of the bad one. Nothing is believed before it leads to the piece's own hash.
 */
export class LeafQueries {
  readonly #trees: FileTrees;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  readonly #outbox: Outbox;
  readonly #onLeaves: (piece: number, leafHashes: Uint8Array, nowMs: number) => void;
  readonly #queries = new Map<number, Query>();
  /** Gave hashes that were wrong, or none that were asked for: not asked again. */
  readonly #useless = new WeakSet<SwarmPeer>();

  constructor(options: {
    trees: FileTrees;
    peers: ReadonlyMap<number, SwarmPeer>;
    outbox: Outbox;
    /** @param leafHashes One for each block, 32 bytes each: proven. */
    onLeaves: (piece: number, leafHashes: Uint8Array, nowMs: number) => void;
  }) {
    this.#trees = options.trees;
    this.#peers = options.peers;
    this.#outbox = options.outbox;
    this.#onLeaves = options.onLeaves;
  }

  /** The piece failed: the hashes of its blocks would help. */
  want(piece: number, nowMs: number): void {
    if (this.#queries.has(piece) || this.#queries.size >= LEAF_QUERIES_WAITING_MAX) return;
    const placed = this.#trees.ofPiece(piece);
    if (!placed?.tree.hasLayer || placed.tree.blocksOf(placed.pieceInFile) < 2) return;
    this.#queries.set(piece, { piece, ...placed, tried: new Set(), peer: undefined, askedMs: 0, parts: new Map() });
    this.#askNext(nowMs);
  }

  /** A reply; one that nobody waits for is left alone. */
  received(peer: SwarmPeer, reply: HashSpan & { readonly hashes: Uint8Array }, nowMs: number): void {
    const query = this.#queryOf(peer, reply);
    if (!query) return;
    if (reply.hashes.length !== reply.length * HASH_LENGTH_BYTES) {
      this.#failed(query, nowMs);
      return;
    }
    query.parts.set(reply.index, new Uint8Array(reply.hashes));
    if (query.parts.size < spansOf(query.tree, query.pieceInFile).length) return;
    const leaves = joined(query);
    if (query.tree.matches(query.pieceInFile, leaves)) {
      this.#queries.delete(query.piece);
      this.#onLeaves(query.piece, leaves, nowMs);
      this.#askNext(nowMs);
    } else this.#failed(query, nowMs);
  }

  rejected(peer: SwarmPeer, span: HashSpan, nowMs: number): void {
    const query = this.#queryOf(peer, span);
    if (query) this.#tryAnother(query, nowMs);
  }

  left(peer: SwarmPeer, nowMs: number): void {
    for (const query of this.#queries.values()) if (query.peer === peer) this.#tryAnother(query, nowMs);
  }

  tick(nowMs: number): void {
    for (const query of this.#queries.values()) {
      if (query.peer && nowMs - query.askedMs > LEAF_QUERY_TIMEOUT_MS) this.#tryAnother(query, nowMs);
    }
    this.#askNext(nowMs);
  }

  #failed(query: Query, nowMs: number): void {
    if (query.peer) this.#useless.add(query.peer);
    this.#tryAnother(query, nowMs);
  }

  #tryAnother(query: Query, nowMs: number): void {
    query.peer = undefined;
    query.parts = new Map();
    if (query.tried.size >= LEAF_QUERY_TRIES_MAX) this.#queries.delete(query.piece);
    this.#askNext(nowMs);
  }

  #askNext(nowMs: number): void {
    let asked = 0;
    for (const query of this.#queries.values()) {
      if (asked >= LEAF_QUERIES_MAX) return;
      asked += 1;
      if (!query.peer) this.#ask(query, nowMs);
    }
  }

  #ask(query: Query, nowMs: number): void {
    const peer = this.#peerFor(query);
    if (!peer) return;
    query.peer = peer;
    query.askedMs = nowMs;
    query.tried.add(peer);
    for (const span of spansOf(query.tree, query.pieceInFile)) {
      this.#outbox.send(peer.number, { kind: 'hash_request', ...span });
    }
  }

  #peerFor(query: Query): SwarmPeer | undefined {
    for (const peer of this.#peers.values()) {
      const mayAsk = peer.capabilities.v2 && peer.pieces.has(query.piece) && !this.#useless.has(peer);
      if (mayAsk && !query.tried.has(peer)) return peer;
    }
    return undefined;
  }

  #queryOf(peer: SwarmPeer, span: HashSpan): Query | undefined {
    for (const query of this.#queries.values()) {
      if (query.peer !== peer) continue;
      if (spansOf(query.tree, query.pieceInFile).some((asked) => isSame(asked, span))) return query;
    }
    return undefined;
  }
}

/** All leaves of a piece, in requests that BEP 52 allows. The piece's own hash is known: no proof is asked for. */
function spansOf(tree: FileTree, pieceInFile: number): HashSpan[] {
  const { leavesPerPiece, root: piecesRoot } = tree;
  const length = Math.min(leavesPerPiece, LEAVES_PER_REPLY_MAX);
  return Array.from({ length: leavesPerPiece / length }, (_, part) => {
    const index = pieceInFile * leavesPerPiece + part * length;
    return { piecesRoot, baseLayer: 0, index, length, proofLayers: 0 };
  });
}

function joined({ tree, pieceInFile, parts }: Query): Uint8Array {
  const leaves = new Uint8Array(tree.leavesPerPiece * HASH_LENGTH_BYTES);
  const firstLeaf = pieceInFile * tree.leavesPerPiece;
  for (const [index, hashes] of parts) leaves.set(hashes, (index - firstLeaf) * HASH_LENGTH_BYTES);
  return leaves.subarray(0, tree.blocksOf(pieceInFile) * HASH_LENGTH_BYTES);
}

function isSame(a: HashSpan, b: HashSpan): boolean {
  return (
    a.index === b.index &&
    a.length === b.length &&
    a.baseLayer === b.baseLayer &&
    a.proofLayers === b.proofLayers &&
    a.piecesRoot.every((byte, at) => byte === b.piecesRoot[at])
  );
}
