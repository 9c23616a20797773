import { METADATA_PIECE_BYTES } from '@swarmpatch/peer-wire';

/** Who sent a piece of metadata, by the number of its connection. */
type Sender = number;

/**
 * An info dictionary of one claimed size, put together from peers that claim it. Pieces have no hashes of their own: when the
 * whole is wrong and came from several, it is fetched from one of them at a time, so that the liar is known.
 */
export class MetadataAssembly {
  readonly sizeBytes: number;
  readonly #pieces: (Uint8Array | undefined)[] = [];
  readonly #senders: Sender[] = [];
  #receivedCount = 0;
  #onlyFrom: Sender | undefined;
  #isAlone = false;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  get pieceCount(): number {
    return Math.ceil(this.sizeBytes / METADATA_PIECE_BYTES);
  }

  get isWhole(): boolean {
    return this.#receivedCount === this.pieceCount;
  }

  get heldBytes(): number {
    return this.#receivedCount * METADATA_PIECE_BYTES;
  }

  /** Everyone who sent a part of it. */
  get senders(): ReadonlySet<Sender> {
    return new Set(this.#senders.filter((sender) => sender > 0));
  }

  pieceBytes(piece: number): number {
    return Math.min(METADATA_PIECE_BYTES, this.sizeBytes - piece * METADATA_PIECE_BYTES);
  }

  /** Whether this peer may send parts of it now. */
  takesFrom(sender: Sender): boolean {
    if (!this.#isAlone) return true;
    this.#onlyFrom ??= sender;
    return this.#onlyFrom === sender;
  }

  /** The first piece that is not here and that `isAsked` does not hold of. */
  nextMissing(isAsked: (piece: number) => boolean): number | undefined {
    for (let piece = 0; piece < this.pieceCount; piece += 1) {
      if (!this.#pieces[piece] && !isAsked(piece)) return piece;
    }
    return undefined;
  }

  /** @param bytes Copied. */
  take(piece: number, bytes: Uint8Array, sender: Sender): void {
    if (this.#pieces[piece]) return;
    this.#pieces[piece] = new Uint8Array(bytes);
    this.#senders[piece] = sender;
    this.#receivedCount += 1;
  }

  joined(): Uint8Array {
    const infoBytes = new Uint8Array(this.sizeBytes);
    for (const [piece, bytes] of this.#pieces.entries()) if (bytes) infoBytes.set(bytes, piece * METADATA_PIECE_BYTES);
    return infoBytes;
  }

  /** What is here is wrong: begins again, from one peer alone. */
  restartAlone(): void {
    this.#pieces.length = 0;
    this.#senders.length = 0;
    this.#receivedCount = 0;
    this.#isAlone = true;
    this.#onlyFrom = undefined;
  }

  /** The peer is gone or too slow: when it was all from it alone, another begins again. */
  leave(sender: Sender): void {
    if (this.#isAlone && this.#onlyFrom === sender) this.restartAlone();
  }
}
