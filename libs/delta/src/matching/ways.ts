import { KIND_COPY } from './op-list.ts';
import type { Prices } from './prices.ts';

/** Of each place of a block, counted from its begin: the cheapest way there that is known, and the state after it. */
export class Ways {
  readonly cost: Float64Array;
  /** The operation that leads here, and from which place. */
  readonly kind: Uint8Array;
  readonly from: Int32Array;
  readonly source: Int32Array;
  /** Where the last source ended. */
  readonly sourceEnd: Int32Array;
  /** How far before its target the last source was, and two that were others. */
  readonly alignment: Int32Array;
  readonly earlier: Int32Array;
  readonly earliest: Int32Array;
  readonly #shortenedBytesMax: number;
  readonly #prices: Prices;

  /**
   * @param placesMax Places of a block, without its end.
   * @param shortenedBytesMax A copy that is longer is taken whole or not at all.
   */
  constructor(placesMax: number, shortenedBytesMax: number, prices: Prices) {
    this.#shortenedBytesMax = shortenedBytesMax;
    this.#prices = prices;
    this.cost = new Float64Array(placesMax + 1);
    this.kind = new Uint8Array(placesMax + 1);
    this.from = new Int32Array(placesMax + 1);
    this.source = new Int32Array(placesMax + 1);
    this.sourceEnd = new Int32Array(placesMax + 1);
    this.alignment = new Int32Array(placesMax + 1);
    this.earlier = new Int32Array(placesMax + 1);
    this.earliest = new Int32Array(placesMax + 1);
  }

  /** Nothing is known but the state at the begin. */
  start(count: number): void {
    this.cost.fill(Infinity, 1, count + 1);
    this.cost[0] = 0;
  }

  /** What is so at the end of a block is so at the begin of the next. */
  carry(count: number): void {
    for (const column of [this.kind, this.sourceEnd, this.alignment, this.earlier, this.earliest]) {
      column[0] = column[count] ?? 0;
    }
  }

  /** A byte that is no copy. @param sourceEnd After it. */
  step(node: number, kind: number, cost: number, source: number, sourceEnd: number): void {
    const next = node + 1;
    this.cost[next] = cost;
    this.kind[next] = kind;
    this.from[next] = node;
    this.source[next] = source;
    this.sourceEnd[next] = sourceEnd;
    this.alignment[next] = this.alignment[node] ?? 0;
    this.earlier[next] = this.earlier[node] ?? 0;
    this.earliest[next] = this.earliest[node] ?? 0;
  }

  /** Copies of `lengthMin` to `length` bytes from one source. @param cost Up to `node`, and of a copy without its length. */
  copy(node: number, alignment: number, source: number, cost: number, lengthMin: number, length: number): void {
    const costs = this.cost;
    for (let count = length > this.#shortenedBytesMax ? length : lengthMin; count <= length; count += 1) {
      const price = cost + this.#prices.length(count);
      const next = node + count;
      if (price >= (costs[next] ?? 0)) continue;
      costs[next] = price;
      this.kind[next] = KIND_COPY;
      this.from[next] = node;
      this.source[next] = source;
      this.sourceEnd[next] = source + count;
      this.turn(node, next, alignment);
    }
  }

  /** Puts an alignment before the others of a place. */
  turn(node: number, next: number, alignment: number): void {
    const last = this.alignment[node] ?? 0;
    const earlier = this.earlier[node] ?? 0;
    const earliest = this.earliest[node] ?? 0;
    const isLast = alignment === last;
    this.alignment[next] = alignment;
    this.earlier[next] = isLast ? earlier : last;
    this.earliest[next] = isLast || alignment === earlier ? earliest : earlier;
  }
}
