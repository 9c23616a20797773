import type { PatchOp } from './patch-op.ts';

export const KIND_LITERAL = 0;
export const KIND_ADD = 1;
export const KIND_COPY = 2;

/** Operations as columns; what goes on where the last one ended is joined with it. */
export class OpList {
  count = 0;
  kinds: Uint8Array = new Uint8Array(1024);
  sources: Float64Array = new Float64Array(1024);
  lengths: Float64Array = new Float64Array(1024);
  readonly #wall: number;

  /** @param wall A source address that no operation reaches over. */
  constructor(wall = 0) {
    this.#wall = wall;
  }

  push(kind: number, source: number, length: number): void {
    if (length === 0) return;
    const last = this.count - 1;
    if (last >= 0 && this.kinds[last] === kind) {
      const lastLength = this.lengths[last] ?? 0;
      if (kind === KIND_LITERAL || ((this.sources[last] ?? 0) + lastLength === source && source !== this.#wall)) {
        this.lengths[last] = lastLength + length;
        return;
      }
    }
    if (this.count === this.kinds.length) this.#grow();
    this.kinds[this.count] = kind;
    this.sources[this.count] = source;
    this.lengths[this.count] = length;
    this.count += 1;
  }

  *toOps(): Generator<PatchOp> {
    for (let index = 0; index < this.count; index += 1) {
      const source = this.sources[index] ?? 0;
      const length = this.lengths[index] ?? 0;
      const kind = this.kinds[index];
      if (kind === KIND_LITERAL) yield { kind: 'literal', length };
      else yield { kind: kind === KIND_ADD ? 'add' : 'copy', source, length };
    }
  }

  #grow(): void {
    const { kinds, sources, lengths } = this;
    this.kinds = new Uint8Array(this.count * 2);
    this.kinds.set(kinds);
    this.sources = new Float64Array(this.count * 2);
    this.sources.set(sources);
    this.lengths = new Float64Array(this.count * 2);
    this.lengths.set(lengths);
  }
}
