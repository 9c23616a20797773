import { BLOCK_LENGTH_BYTES, type BlockSpan, ProtocolError } from '@swarmpatch/peer-wire';

import { blockKey, blockOfKey } from './block-key.ts';
import type { Outbox } from '../command.ts';
import { DuePeers } from './due-peers.ts';
import type { HeldPieces } from './held-pieces.ts';
import { NOBODY, type OpenPiece } from './open-piece.ts';
import type { Picker } from './picker.ts';
import type { PieceLedger } from './piece-ledger.ts';
import type { PieceSlots } from '../ports.ts';
import type { SwarmPeer } from '../peers/swarm-peer.ts';
import { RateMeter } from '../rates/rate-meter.ts';
import type { TokenBucket } from '../rates/token-bucket.ts';

/** A peer that sends nothing for so long loses its blocks to others and is asked for one at a time. */
export const SNUB_AFTER_MS = 20_000;
/** Doubled with each time in a row: those who never answer must not hold the memory of open pieces for good. */
const SNUBBED_RETRY_MS = 5_000;

/** Rejects of one peer that answer no request, before the connection ends. */
export const STRAY_REJECTS_MAX = 256;

/** After so many rejects without a block in between, a peer is believed to lack each piece of which it rejects one more. */
export const REJECTS_IN_ROW_MAX = 32;

/** A block as a peer sends it. */
export interface ReceivedBlock {
  readonly piece: number;
  readonly begin: number;
  readonly bytes: Uint8Array;
}

/** Asks peers for blocks and takes what they send. A block that a peer will not send goes back at once. */
export class Requests {
  /** Payload of all peers, verified or not. */
  readonly meter: RateMeter = new RateMeter();
  readonly #ledger: PieceLedger;
  readonly #slots: PieceSlots;
  readonly #held: HeldPieces;
  readonly #picker: Picker;
  readonly #outbox: Outbox;
  readonly #limit: TokenBucket;
  readonly #peers: ReadonlyMap<number, SwarmPeer>;
  readonly #due: DuePeers;
  #isPaused = false;

  constructor(options: {
    ledger: PieceLedger;
    slots: PieceSlots;
    held: HeldPieces;
    picker: Picker;
    outbox: Outbox;
    limit: TokenBucket;
    peers: ReadonlyMap<number, SwarmPeer>;
  }) {
    this.#ledger = options.ledger;
    this.#slots = options.slots;
    this.#held = options.held;
    this.#picker = options.picker;
    this.#outbox = options.outbox;
    this.#limit = options.limit;
    this.#peers = options.peers;
    this.#due = new DuePeers(options.ledger, options.limit);
  }

  /** Something about the peer has changed: it may be asked for more. */
  due(peer: SwarmPeer): void {
    this.#due.add(peer);
  }

  /** The peer has more pieces than before. */
  hasMore(peer: SwarmPeer): void {
    peer.hadNothingNewAt = undefined;
    this.due(peer);
  }

  /** Time alone makes some pieces free: those who had nothing to be asked for are looked at again, now and then. */
  lookAgain(): void {
    for (const peer of this.#due.takeStarved()) this.hasMore(peer);
  }

  /** Fills the pipelines of peers that are due, as far as their rates and the download limit allow. */
  pump(nowMs: number): void {
    if (this.#isPaused) return;
    for (const peer of this.#due.take(nowMs)) if (this.#peers.has(peer.number)) this.#fill(peer, nowMs);
  }

  /** Nothing is asked for until `resume`; what is asked for is taken back. */
  pause(): void {
    this.#isPaused = true;
    for (const peer of this.#peers.values()) {
      this.#cancelAll(peer);
      this.takeBackAll(peer);
    }
  }

  resume(): void {
    this.#isPaused = false;
    for (const peer of this.#peers.values()) this.due(peer);
  }

  #fill(peer: SwarmPeer, nowMs: number): void {
    if (!peer.areWeInterested || (peer.isChokingUs && peer.allowedFast.size === 0)) return;
    if (peer.isSnubbed && nowMs < peer.retryAtMs) {
      this.#due.waitForSupply(peer, this.#ledger.supply);
      return;
    }
    const depth = peer.isSnubbed ? 1 : peer.depth.blocks(peer.received.bytesPerSecond(nowMs), nowMs);
    // Requests go out in groups: one at a time costs a packet each.
    peer.refillAt = depth - (depth >>> 3);
    if (peer.asked.size > peer.refillAt) return;
    while (peer.asked.size < depth) {
      if (!peer.isExemptFromLimits && !this.#limit.maySpend(nowMs)) {
        this.#due.waitForLimit(peer);
        return;
      }
      const supply = this.#ledger.supply;
      const picked = this.#picker.next(peer, nowMs);
      if (!picked) {
        this.#due.waitForSupply(peer, supply);
        return;
      }
      this.#ask(peer, picked.open, picked.block, nowMs);
    }
  }

  #ask(peer: SwarmPeer, open: OpenPiece, block: number, nowMs: number): void {
    const span = this.#ledger.layout.span(open.piece, block);
    if (peer.asked.size === 0) peer.lastBlockMs = nowMs;
    peer.asked.set(blockKey(span.piece, block), nowMs);
    this.#ledger.ask(open, block);
    if (!peer.isExemptFromLimits) this.#limit.spend(span.lengthBytes, nowMs);
    this.#outbox.send(peer.number, { kind: 'request', ...span });
  }

  /**
   * @returns The open piece when this was its last block: the piece is verifying then.
   * @throws {ProtocolError} `bad_block` for one that was never asked for.
   */
  received(peer: SwarmPeer, { piece, begin, bytes }: ReceivedBlock, nowMs: number): OpenPiece | undefined {
    const block = begin / BLOCK_LENGTH_BYTES;
    const key = blockKey(piece, block);
    peer.received.add(bytes.length, nowMs);
    this.meter.add(bytes.length, nowMs);
    if (!peer.asked.delete(key)) {
      this.#expectForfeited(peer, piece, begin);
      return undefined;
    }
    const open = this.#ledger.openPiece(piece);
    if (!open || bytes.length !== this.#ledger.layout.blockLengthBytes(piece, block)) {
      if (open) this.#ledger.unask(open, block);
      throw new ProtocolError(
        'bad_block',
        `take a block: piece ${piece} at ${begin} came with ${bytes.length} bytes, which were not asked for`,
      );
    }
    peer.lastBlockMs = nowMs;
    peer.isSnubbed = false;
    peer.snubsInRow = 0;
    peer.rejectsInRow = 0;
    peer.depth.blockReceived();
    if (peer.asked.size <= peer.refillAt) this.due(peer);
    this.#slots.write(piece, begin, bytes);
    const state = this.#ledger.receive(open, block, peer.number, nowMs);
    if (open.askersOf(block) > 0) this.#cancelAtOthers(open, block);
    return state === 'verifying' ? open : undefined;
  }

  /**
   * The peer says that it will not send this. A few rejects of what was not asked for are forgiven: some clients send one for
   * a block that they had sent before it was cancelled.
   *
   * @returns `refused` when it goes on rejecting what it says that it has and serves: it does not have the piece.
   * @throws {ProtocolError} `bad_sequence` without the fast extension (BEP 6), or for too many of them.
   */
  rejected(peer: SwarmPeer, { piece, begin }: BlockSpan): 'taken_back' | 'refused' {
    if (!peer.capabilities.fast)
      throw new ProtocolError('bad_sequence', 'read "reject": the fast extension (BEP 6) is not agreed on');
    const block = begin / BLOCK_LENGTH_BYTES;
    if (!peer.asked.delete(blockKey(piece, block))) {
      if (peer.forfeitedBlocks > 0) peer.forfeitedBlocks -= 1;
      else peer.strayRejects += 1;
      if (peer.strayRejects > STRAY_REJECTS_MAX)
        throw new ProtocolError('bad_sequence', `read "reject": ${peer.strayRejects} of them were for no request`);
      return 'taken_back';
    }
    this.#takeBack(peer, piece, block);
    this.due(peer);
    // While answers to cancelled requests are on their way, this may be one: the same block was asked for again since.
    if (!peer.isChokingUs && peer.forfeitedBlocks === 0) peer.rejectsInRow += 1;
    return peer.rejectsInRow > REJECTS_IN_ROW_MAX ? 'refused' : 'taken_back';
  }

  /** Everything that the peer was asked for may be asked of others; it leads nothing any more. */
  takeBackAll(peer: SwarmPeer): void {
    for (const key of peer.asked.keys()) {
      const { piece, block } = blockOfKey(key);
      this.#takeBack(peer, piece, block);
    }
    peer.forfeitedBlocks += peer.asked.size;
    peer.asked.clear();
    this.#due.waitNoMore(peer);
    this.#endLead(peer);
  }

  /** The peer has this piece no more. */
  takeBackPiece(peer: SwarmPeer, piece: number): void {
    for (let block = 0; block < this.#ledger.layout.blockCount(piece); block += 1) {
      if (!peer.asked.delete(blockKey(piece, block))) continue;
      peer.forfeitedBlocks += 1;
      this.#takeBack(peer, piece, block);
    }
    this.due(peer);
  }

  /** Asks for nothing of this piece any more: it is here by another way. */
  cancelPiece(open: OpenPiece): void {
    for (let block = 0; block < open.blockCount; block += 1) {
      if (open.askersOf(block) > 0) this.#cancelAtOthers(open, block);
    }
  }

  /** Takes the blocks of silent peers back. */
  snubSilent(nowMs: number): void {
    for (const peer of this.#peers.values()) {
      if (peer.asked.size === 0 || nowMs - peer.lastBlockMs < SNUB_AFTER_MS) continue;
      peer.isSnubbed = true;
      peer.snubsInRow += 1;
      peer.retryAtMs = nowMs + SNUBBED_RETRY_MS * 2 ** peer.snubsInRow;
      this.#cancelAll(peer);
      this.takeBackAll(peer);
      this.due(peer);
    }
  }

  /** Compares what peers were asked for with what the open pieces count. @throws {Error} for tests. */
  audit(): void {
    const askers = new Map<number, number>();
    for (const peer of this.#peers.values())
      for (const key of peer.asked.keys()) askers.set(key, (askers.get(key) ?? 0) + 1);
    for (const open of this.#ledger.openPieces) {
      for (let block = 0; block < open.blockCount; block += 1) {
        const key = blockKey(open.piece, block);
        const count = askers.get(key) ?? 0;
        askers.delete(key);
        if (count !== open.askersOf(block) || (count > 0 && open.isReceived(block)))
          throw new Error(`audit: ${count} peers owe block ${block} of piece ${open.piece}; counted otherwise`);
      }
    }
    if (askers.size > 0) throw new Error(`audit: ${askers.size} blocks of pieces that are not open are asked for`);
  }

  #cancelAll(peer: SwarmPeer): void {
    for (const key of peer.asked.keys()) {
      const { piece, block } = blockOfKey(key);
      this.#outbox.send(peer.number, { kind: 'cancel', ...this.#ledger.layout.span(piece, block) });
    }
  }

  #takeBack(peer: SwarmPeer, piece: number, block: number): void {
    const open = this.#ledger.openPiece(piece);
    if (!open) return;
    this.#ledger.unask(open, block);
    if (!peer.isExemptFromLimits) this.#limit.refund(this.#ledger.layout.blockLengthBytes(piece, block));
  }

  #endLead(peer: SwarmPeer): void {
    for (const open of this.#ledger.openPieces) {
      if (open.leader !== peer.number) continue;
      open.leader = NOBODY;
      // What one peer sent alone has one author; with another's blocks in it, it would have two.
      if (open.isExclusive && open.askedCount === 0) this.#held.giveUp(open);
    }
    peer.leads = undefined;
  }

  #cancelAtOthers(open: OpenPiece, block: number): void {
    const key = blockKey(open.piece, block);
    for (const other of this.#peers.values()) {
      if (!other.asked.delete(key)) continue;
      other.forfeitedBlocks += 1;
      this.#ledger.unask(open, block);
      this.due(other);
      this.#outbox.send(other.number, { kind: 'cancel', ...this.#ledger.layout.span(open.piece, block) });
    }
  }

  #expectForfeited(peer: SwarmPeer, piece: number, begin: number): void {
    if (peer.forfeitedBlocks === 0) {
      throw new ProtocolError('bad_block', `take a block: piece ${piece} at ${begin} was not asked for`);
    }
    peer.forfeitedBlocks -= 1;
  }
}
