import type { Outbox } from '../command.ts';
import type { OpenPiece } from './open-piece.ts';
import type { PieceLedger } from './piece-ledger.ts';
import { PoisonWatch } from './poison-watch.ts';
import type { PieceSlots } from '../ports.ts';
import type { WebSeeds } from '../web/web-seeds.ts';

/** Who a held piece is from: the sender of each block, a web seed, or another file on this disk. */
type PieceSource = { readonly senders: Uint32Array } | { readonly webSeed: number } | 'disk';

/** Takes held pieces through verification to the store, counts their bytes by source and names who sent bad ones. */
export class PieceFinish {
  readonly watch: PoisonWatch = new PoisonWatch();
  readonly #ledger: PieceLedger;
  readonly #slots: PieceSlots;
  readonly #outbox: Outbox;
  readonly #webSeeds: WebSeeds;
  readonly #sources = new Map<number, PieceSource>();
  /** Verified bytes, without pads. */
  fromPeersBytes = 0;
  fromWebSeedsBytes = 0;
  fromDiskBytes = 0;
  badPieces = 0;

  constructor(options: { ledger: PieceLedger; slots: PieceSlots; outbox: Outbox; webSeeds: WebSeeds }) {
    this.#ledger = options.ledger;
    this.#slots = options.slots;
    this.#outbox = options.outbox;
    this.#webSeeds = options.webSeeds;
  }

  /** Pieces are being verified. */
  get isBusy(): boolean {
    return this.#sources.size > 0;
  }

  cameFromPeers(open: OpenPiece): void {
    this.#verify(open.piece, { senders: open.senders });
  }

  /** The ledger has the piece as verifying already. */
  cameFromWebSeed(piece: number, webSeed: number, data: Uint8Array): void {
    this.#slots.adopt(piece, data);
    this.#verify(piece, { webSeed });
  }

  /** The ledger has the piece as verifying already. */
  cameFromDisk(piece: number, data: Uint8Array): void {
    this.#slots.adopt(piece, data);
    this.#verify(piece, 'disk');
  }

  /** It is verified and written. */
  foundOnDisk(piece: number): void {
    this.#count(piece, 'disk');
  }

  /** Returns the peers that are proven to have sent bad blocks. */
  verified(piece: number, result: 'good' | 'bad'): Iterable<number> {
    const source = this.#sources.get(piece);
    if (!source) throw new Error(`finish piece ${piece}: nothing was to be verified`);
    this.#sources.delete(piece);
    this.#ledger.verified(piece, result);
    if (result === 'good') {
      this.#count(piece, source);
      if (source !== 'disk' && 'webSeed' in source) this.#webSeeds.judged({ ...source, piece }, 'good');
      this.#outbox.put({ kind: 'write', piece });
      return this.watch.passed(piece, () => this.#slots.fingerprints(piece));
    }
    this.badPieces += 1;
    const culprits: number[] = [];
    if (source === 'disk') {
      // The other file is not what it was taken for: nobody is to blame.
    } else if ('webSeed' in source) this.#webSeeds.judged({ ...source, piece }, 'bad');
    else {
      const culprit = this.watch.failed(piece, source.senders, () => this.#slots.fingerprints(piece));
      if (culprit !== undefined) culprits.push(culprit);
    }
    this.#slots.release(piece);
    return culprits;
  }

  /** The hashes of the blocks of a piece that failed are known. Returns the peers that are proven to have sent bad blocks. */
  leafHashesKnown(piece: number, leafHashes: Uint8Array): Iterable<number> {
    return this.watch.leafHashesKnown(piece, leafHashes);
  }

  written(piece: number): void {
    this.#slots.release(piece);
    this.#ledger.written(piece);
  }

  #verify(piece: number, source: PieceSource): void {
    this.#sources.set(piece, source);
    this.#outbox.put({ kind: 'verify', piece });
  }

  #count(piece: number, source: PieceSource): void {
    const lengthBytes = this.#ledger.layout.filledBytes(piece);
    if (source === 'disk') this.fromDiskBytes += lengthBytes;
    else if ('webSeed' in source) this.fromWebSeedsBytes += lengthBytes;
    else this.fromPeersBytes += lengthBytes;
  }
}
