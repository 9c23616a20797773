import type { PieceVerifier } from '@swarmpatch/metainfo';
import type { BlockSpan } from '@swarmpatch/peer-wire';
import type { BlockLayout, PieceStore } from '@swarmpatch/swarm';

import type { PieceHasher } from './piece-hasher.ts';
import type { ReadCache } from './read-cache.ts';
import { TransferError } from './transfer-error.ts';

/** Long pieces are read in parts of this length once they are known to be whole. */
const PART_BYTES_MAX = 1024 * 1024;
const NEVER = -1;

/** Why a block is not served: its file cannot be read now, or what lies there is not the piece. */
export type Unserved = 'unreadable' | 'damaged';

/**
 * Pieces as they are served: read whole, compared with their digest before the first byte leaves, and kept for a while. A
 * piece is compared again when its files have changed since.
 */
export class ServedPieces {
  readonly #layout: BlockLayout;
  readonly #store: PieceStore;
  readonly #verifier: PieceVerifier;
  readonly #hasher: PieceHasher;
  readonly #cache: ReadCache;
  readonly #partBytes: number;
  readonly #partsInPiece: number;
  /** By piece, the edition of its files in which it was found whole. */
  readonly #wholeIn: Int32Array;
  /** Pieces that were not as they should be, in that edition. */
  readonly #damagedIn = new Map<number, number>();
  readonly #loading = new Map<number, Promise<Uint8Array | Unserved>>();

  constructor(options: {
    layout: BlockLayout;
    store: PieceStore;
    verifier: PieceVerifier;
    hasher: PieceHasher;
    cache: ReadCache;
  }) {
    this.#layout = options.layout;
    this.#store = options.store;
    this.#verifier = options.verifier;
    this.#hasher = options.hasher;
    this.#cache = options.cache;
    this.#partBytes = Math.min(this.#layout.pieceLengthBytes, PART_BYTES_MAX);
    this.#partsInPiece = Math.ceil(this.#layout.pieceLengthBytes / this.#partBytes);
    this.#wholeIn = new Int32Array(this.#layout.pieceCount).fill(NEVER);
  }

  /** The piece was compared with its digest and then written: it is as it should be while nobody else writes there. */
  written(piece: number): void {
    this.#wholeIn[piece] = this.#store.knownEdition?.(piece) ?? 0;
  }

  /** What is at hand of a block, good to be sent in this turn, or while it is held; undefined when it has to be loaded. */
  peek(span: BlockSpan): Uint8Array | undefined {
    const data = this.#isInOnePart(span) ? this.#cache.get(this, this.#partOf(span)) : undefined;
    return data && this.#cut(data, span);
  }

  /** Brings a block and its neighbours, good as above: what was read last is not dropped first. */
  async load(span: BlockSpan): Promise<Uint8Array | Unserved> {
    if (!this.#isInOnePart(span)) return this.#loadHalves(span);
    const part = this.#partOf(span);
    const loading = this.#loading.get(part) ?? this.#begin(span.piece, part);
    const data = await loading;
    return typeof data === 'string' ? data : this.#cut(data, span);
  }

  /** The bytes are on their way: they stay as they are until they are released. */
  hold(bytes: Uint8Array): void {
    this.#cache.hold(bytes);
  }

  release(bytes: Uint8Array): void {
    this.#cache.release(bytes);
  }

  /** Lets go of what is kept. */
  clear(): void {
    this.#cache.clear(this);
  }

  #partOf({ piece, begin }: BlockSpan): number {
    return piece * this.#partsInPiece + Math.floor(begin / this.#partBytes);
  }

  #isInOnePart({ begin, lengthBytes }: BlockSpan): boolean {
    return (begin % this.#partBytes) + lengthBytes <= this.#partBytes;
  }

  async #loadHalves({ piece, begin, lengthBytes }: BlockSpan): Promise<Uint8Array | Unserved> {
    const headBytes = this.#partBytes - (begin % this.#partBytes);
    const head = await this.load({ piece, begin, lengthBytes: headBytes });
    if (typeof head === 'string') return head;
    const whole = new Uint8Array(lengthBytes);
    whole.set(head);
    const tail = await this.load({ piece, begin: begin + headBytes, lengthBytes: lengthBytes - headBytes });
    if (typeof tail === 'string') return tail;
    whole.set(tail, headBytes);
    return whole;
  }

  #begin(piece: number, part: number): Promise<Uint8Array | Unserved> {
    const loading = this.#read(piece, (part % this.#partsInPiece) * this.#partBytes)
      .then((data) => {
        if (typeof data !== 'string') this.#cache.put(this, part, data);
        return data;
      })
      .catch((): Unserved => 'unreadable')
      .finally(() => this.#loading.delete(part));
    this.#loading.set(part, loading);
    return loading;
  }

  async #read(piece: number, begin: number): Promise<Uint8Array | Unserved> {
    const filledBytes = this.#layout.filledBytes(piece);
    const partBytes = Math.max(0, Math.min(this.#partBytes, filledBytes - begin));
    const edition = this.#store.edition?.(piece) ?? 0;
    if (this.#wholeIn[piece] === edition) return this.#readPart(piece, begin, partBytes);
    if (this.#damagedIn.get(piece) === edition) return 'damaged';
    const whole = await this.#readWhole(piece);
    if (!whole) {
      this.#damagedIn.set(piece, edition);
      return 'damaged';
    }
    this.#wholeIn[piece] = edition;
    if (whole.length === partBytes) return whole;
    const part = this.#cache.allocate(partBytes);
    part.set(whole.subarray(begin, begin + partBytes));
    return part;
  }

  async #readPart(piece: number, begin: number, lengthBytes: number): Promise<Uint8Array> {
    const part = this.#cache.allocate(lengthBytes);
    if (this.#store.readInto) await this.#store.readInto(piece, begin, part);
    else part.set(await this.#store.read(piece, begin, lengthBytes));
    return part;
  }

  /** @returns The piece when it is as it should be. */
  async #readWhole(piece: number): Promise<Uint8Array | undefined> {
    const digest = this.#verifier.digestOf(piece);
    const lengthBytes = Math.max(this.#layout.filledBytes(piece), digest?.lengthBytes ?? 0);
    try {
      const data = await this.#readPart(piece, 0, lengthBytes);
      return digest && (await this.#hasher.matches(digest, data)) ? data : undefined;
    } catch (error) {
      if (error instanceof TransferError && error.code === 'file_too_short') return undefined;
      throw error;
    }
  }

  /** Pads are zeros; some clients ask for them. */
  #cut(data: Uint8Array, { begin, lengthBytes }: BlockSpan): Uint8Array {
    const from = begin % this.#partBytes;
    const bytes = data.subarray(from, from + lengthBytes);
    if (bytes.length === lengthBytes) return bytes;
    const padded = new Uint8Array(lengthBytes);
    padded.set(bytes);
    return padded;
  }
}
