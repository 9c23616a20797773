import { foldLayer, HASH_LENGTH_BYTES, padHash } from '@swarmpatch/merkle';
import { hashReplyLength, type HashSpan, isHashRequest } from '@swarmpatch/peer-wire';

import type { Outbox } from '../command.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import type { PieceLedger } from '../pieces/piece-ledger.ts';
import { Allowance } from '../rates/allowance.ts';
import type { TokenBucket } from '../rates/token-bucket.ts';
import type { FileTree } from './file-tree.ts';
import type { FileTrees } from './file-trees.ts';
import { LeafReads } from './leaf-reads.ts';

/** Hash requests of one peer that are answered in a second, and the burst before that holds. */
export const HASH_REQUESTS_PER_SECOND_MAX = 64;
export const HASH_REQUESTS_BURST_MAX = 256;
/** Block hashes of one reply, unless one piece has more. */
export const LEAVES_PER_REPLY_MAX = 512;
/** Requests that wait for blocks to be read: of one peer, and of all. */
export const HASH_REQUESTS_WAITING_PER_PEER_MAX = 16;
export const HASH_REQUESTS_WAITING_MAX = 256;

interface Waiting {
  readonly peer: SwarmPeer;
  readonly span: HashSpan;
  readonly pieces: ReadonlySet<number>;
}

type Answer = { readonly hashes: Uint8Array } | { readonly unread: ReadonlySet<number> } | 'reject';

/**
 * Serves hashes to those who check blocks by themselves, or who came from a magnet link (BEP 52): piece layers and what is
 * above them from the torrent, block hashes by reading pieces again, which is rationed.
 */
export class HashServer {
  readonly #trees: FileTrees;
  readonly #ledger: PieceLedger;
  readonly #outbox: Outbox;
  readonly #uploadLimit: TokenBucket;
  readonly #reads: LeafReads;
  readonly #waiting = new Set<Waiting>();
  readonly #allowances = new Map<SwarmPeer, Allowance>();

  constructor(options: { trees: FileTrees; ledger: PieceLedger; outbox: Outbox; uploadLimit: TokenBucket }) {
    this.#trees = options.trees;
    this.#ledger = options.ledger;
    this.#outbox = options.outbox;
    this.#uploadLimit = options.uploadLimit;
    this.#reads = new LeafReads({ outbox: options.outbox, layout: options.ledger.layout });
  }

  requested(peer: SwarmPeer, request: HashSpan, nowMs: number): void {
    const { piecesRoot, baseLayer, index, length, proofLayers } = request;
    const span = { piecesRoot: new Uint8Array(piecesRoot), baseLayer, index, length, proofLayers };
    const answer = this.#isAllowed(peer, nowMs) ? this.#answerTo(span) : 'reject';
    if (answer !== 'reject' && 'unread' in answer && this.#mayWait(peer)) {
      this.#waiting.add({ peer, span, pieces: answer.unread });
      for (const piece of answer.unread) this.#reads.want(piece, nowMs);
      return;
    }
    this.#send(peer, span, answer, nowMs);
  }

  /** @param leafHashes As of `blockHashesOf`; undefined when the piece could not be read. */
  leavesRead(piece: number, leafHashes: Uint8Array | undefined, nowMs: number): void {
    const placed = this.#trees.ofPiece(piece);
    const isGood = leafHashes !== undefined && placed?.tree.matches(placed.pieceInFile, leafHashes) === true;
    this.#reads.done(piece, isGood ? leafHashes : undefined, nowMs);
    for (const waiting of this.#waiting) {
      if (!waiting.pieces.has(piece)) continue;
      const answer = isGood ? this.#answerTo(waiting.span) : 'reject';
      if (answer !== 'reject' && 'unread' in answer && [...answer.unread].every((each) => this.#reads.isUnderWay(each)))
        continue;
      this.#waiting.delete(waiting);
      this.#send(waiting.peer, waiting.span, answer, nowMs);
    }
  }

  left(peer: SwarmPeer): void {
    this.#allowances.delete(peer);
    for (const waiting of this.#waiting) if (waiting.peer === peer) this.#waiting.delete(waiting);
  }

  tick(nowMs: number): void {
    this.#reads.pump(nowMs);
  }

  #send(peer: SwarmPeer, span: HashSpan, answer: Answer, nowMs: number): void {
    if (answer === 'reject' || 'unread' in answer) {
      this.#outbox.send(peer.number, { kind: 'hash_reject', ...span });
      return;
    }
    if (!peer.isExemptFromLimits) this.#uploadLimit.spend(answer.hashes.length, nowMs);
    this.#outbox.send(peer.number, { kind: 'hashes', ...span, hashes: answer.hashes });
  }

  #answerTo(span: HashSpan): Answer {
    const { piecesRoot, baseLayer, index, length, proofLayers } = span;
    const tree = this.#trees.withRoot(piecesRoot);
    if (!tree || !isHashRequest(span)) return 'reject';
    const fits = index + length <= 2 ** (tree.height - baseLayer) && proofLayers < tree.height - baseLayer;
    if (!fits || !tree.hasLayer) return 'reject';
    if (baseLayer >= tree.pieceHeight) return this.#fromLayers(tree, span);
    return baseLayer === 0 ? this.#fromLeaves(tree, span) : 'reject';
  }

  #fromLayers(tree: FileTree, span: HashSpan): Answer {
    if (span.length > LEAVES_PER_REPLY_MAX) return 'reject';
    return replyOf(span, (height, index) => tree.nodeAt(height, index));
  }

  #fromLeaves(tree: FileTree, span: HashSpan): Answer {
    const { index, length } = span;
    const { leavesPerPiece } = tree;
    if (length > Math.max(LEAVES_PER_REPLY_MAX, leavesPerPiece)) return 'reject';
    const unread = new Set<number>();
    const first = Math.floor(index / leavesPerPiece);
    const end = Math.min(tree.pieceCount, Math.ceil((index + length) / leavesPerPiece));
    for (let pieceInFile = first; pieceInFile < end; pieceInFile += 1) {
      const piece = tree.firstPiece + pieceInFile;
      if (!this.#ledger.have.has(piece)) return 'reject';
      if (!this.#reads.leavesOf(piece)) unread.add(piece);
    }
    if (unread.size > 0) return { unread };
    return replyOf(span, (height, at) => tree.nodeAt(height, at) ?? this.#nodeInPiece(tree, height, at));
  }

  /** A node below the piece layer, of a piece whose leaves are read, or past the file's end. */
  #nodeInPiece(tree: FileTree, height: number, index: number): Uint8Array | undefined {
    const perPiece = 2 ** (tree.pieceHeight - height);
    const pieceInFile = Math.floor(index / perPiece);
    const leaves = this.#reads.leavesOf(tree.firstPiece + pieceInFile);
    const begin = (index % perPiece) * 2 ** height * HASH_LENGTH_BYTES;
    if (pieceInFile >= tree.pieceCount || (leaves && begin >= leaves.length)) {
      return padHash(height);
    }
    return leaves && foldLayer(leaves.subarray(begin, begin + 2 ** height * HASH_LENGTH_BYTES), 0, height);
  }

  #isAllowed(peer: SwarmPeer, nowMs: number): boolean {
    const allowance =
      this.#allowances.get(peer) ??
      new Allowance({ perSecond: HASH_REQUESTS_PER_SECOND_MAX, burst: HASH_REQUESTS_BURST_MAX });
    this.#allowances.set(peer, allowance);
    return allowance.take(1, nowMs);
  }

  #mayWait(peer: SwarmPeer): boolean {
    if (this.#waiting.size >= HASH_REQUESTS_WAITING_MAX) return false;
    let ofPeer = 0;
    for (const waiting of this.#waiting) if (waiting.peer === peer) ofPeer += 1;
    return ofPeer < HASH_REQUESTS_WAITING_PER_PEER_MAX;
  }
}

/** The base hashes, then one uncle for each layer that they do not give by themselves. */
function replyOf(span: HashSpan, nodeAt: (height: number, index: number) => Uint8Array | undefined): Answer {
  const count = hashReplyLength(span);
  const hashes = new Uint8Array(count * HASH_LENGTH_BYTES);
  let height = span.baseLayer + Math.log2(span.length);
  let above = span.index / span.length;
  for (let place = 0; place < count; place += 1) {
    const isUncle = place >= span.length;
    const node = isUncle ? nodeAt(height, above ^ 1) : nodeAt(span.baseLayer, span.index + place);
    if (!node) return 'reject';
    hashes.set(node, place * HASH_LENGTH_BYTES);
    if (!isUncle) continue;
    height += 1;
    above >>>= 1;
  }
  return { hashes };
}
