const OUT = -1;

/**
 * Pieces that may be picked, ordered by how many peers have them; order among equals is this client's own. Every change is
 * O(1): a piece moves over the border between two neighbouring counts.
 */
export class RarityOrder {
  readonly #counts: Uint32Array;
  /** Pieces in order of their counts, the first `#size` of it. */
  readonly #order: Uint32Array;
  readonly #position: Int32Array;
  /** Where the pieces of each count start in `#order`. */
  readonly #starts: number[] = [0];
  readonly #random: () => number;
  #size = 0;

  constructor(pieceCount: number, random: () => number) {
    this.#counts = new Uint32Array(pieceCount);
    this.#order = new Uint32Array(pieceCount);
    this.#position = new Int32Array(pieceCount).fill(OUT);
    this.#random = random;
  }

  get size(): number {
    return this.#size;
  }

  /** Pieces that nobody is counted for: they take the first places. */
  get unavailableCount(): number {
    return this.#starts[1] ?? this.#size;
  }

  count(piece: number): number {
    return this.#counts[piece] ?? 0;
  }

  includes(piece: number): boolean {
    return this.#position[piece] !== OUT;
  }

  /** The piece at a place of the order; places run from 0, the rarest, to `size` - 1. */
  at(place: number): number {
    return this.#order[place] ?? 0;
  }

  add(piece: number): void {
    if (this.includes(piece)) return;
    const count = this.count(piece);
    this.#place(piece, this.#size);
    this.#size += 1;
    for (let above = this.#starts.length - 1; above > count; above -= 1) {
      const start = this.#starts[above] ?? 0;
      this.#swap(piece, start);
      this.#starts[above] = start + 1;
    }
    this.#shuffleWithin(piece, count);
  }

  remove(piece: number): void {
    if (!this.includes(piece)) return;
    for (let above = this.count(piece) + 1; above < this.#starts.length; above += 1) {
      const start = (this.#starts[above] ?? 0) - 1;
      this.#swap(piece, start);
      this.#starts[above] = start;
    }
    this.#size -= 1;
    this.#swap(piece, this.#size);
    this.#position[piece] = OUT;
  }

  raise(piece: number): void {
    const count = this.count(piece) + 1;
    this.#counts[piece] = count;
    while (this.#starts.length <= count) this.#starts.push(this.#size);
    if (!this.includes(piece)) return;
    const start = (this.#starts[count] ?? 0) - 1;
    this.#swap(piece, start);
    this.#starts[count] = start;
    this.#shuffleWithin(piece, count);
  }

  lower(piece: number): void {
    const count = this.count(piece);
    if (count === 0) throw new Error(`lower the count of piece ${piece}: it is 0 already`);
    this.#counts[piece] = count - 1;
    if (!this.includes(piece)) return;
    const start = this.#starts[count] ?? 0;
    this.#swap(piece, start);
    this.#starts[count] = start + 1;
    this.#shuffleWithin(piece, count - 1);
  }

  #shuffleWithin(piece: number, count: number): void {
    const start = this.#starts[count] ?? 0;
    const end = this.#starts[count + 1] ?? this.#size;
    this.#swap(piece, start + Math.floor(this.#random() * (end - start)));
  }

  #swap(piece: number, place: number): void {
    const from = this.#position[piece] ?? 0;
    const other = this.at(place);
    this.#place(piece, place);
    if (other !== piece) this.#place(other, from);
  }

  #place(piece: number, place: number): void {
    this.#order[place] = piece;
    this.#position[piece] = place;
  }
}
