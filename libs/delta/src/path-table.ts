import { Buffer } from 'node:buffer';

const BLOCK_BYTES = 256 * 1024;

/** Paths as the bytes of their UTF-8: a third of the memory that they take as strings. */
export class PathTable {
  readonly #blocks: Buffer[] = [];
  /** In which block each path begins, times a block's length, plus where. */
  #starts: Float64Array = new Float64Array(64);
  #lengths: Uint16Array = new Uint16Array(64);
  #count = 0;
  #end = 0;

  get length(): number {
    return this.#count;
  }

  /** How many bytes the paths take. */
  get bytes(): number {
    return this.#blocks.length === 0 ? 0 : this.#end;
  }

  /** @param path Of less than 64 KiB. */
  add(path: string | Uint8Array): void {
    const length = typeof path === 'string' ? Buffer.byteLength(path) : path.length;
    if (this.#end % BLOCK_BYTES === 0 || (this.#end % BLOCK_BYTES) + length > BLOCK_BYTES) {
      this.#end = this.#blocks.length * BLOCK_BYTES;
      this.#blocks.push(Buffer.allocUnsafeSlow(BLOCK_BYTES));
    }
    this.#growTo(this.#count + 1);
    const at = this.#end % BLOCK_BYTES;
    const block = this.#blocks.at(-1);
    if (typeof path === 'string') block?.write(path, at);
    else block?.set(path, at);
    this.#starts[this.#count] = this.#end;
    this.#lengths[this.#count] = length;
    this.#count += 1;
    this.#end += length;
  }

  at(index: number): string {
    const start = this.#starts[index] ?? 0;
    const at = start % BLOCK_BYTES;
    const block = this.#blocks[Math.floor(start / BLOCK_BYTES)];
    return block?.toString('utf8', at, at + (this.#lengths[index] ?? 0)) ?? '';
  }

  #growTo(count: number): void {
    if (count <= this.#starts.length) return;
    const [starts, lengths] = [new Float64Array(2 * count), new Uint16Array(2 * count)];
    starts.set(this.#starts);
    lengths.set(this.#lengths);
    this.#starts = starts;
    this.#lengths = lengths;
  }
}
