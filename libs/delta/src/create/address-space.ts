import type { ByteSource } from '../ports.ts';
import type { PatchFile } from '../tree.ts';

/** Where a file lies in a run of bytes. */
interface Place {
  readonly start: number;
  readonly length: number;
}

/** Files as one run of bytes, one after another. */
export class AddressSpace implements ByteSource {
  readonly length: number;
  readonly files: readonly Place[];
  readonly #sources: readonly ByteSource[];

  constructor(files: readonly PatchFile[]) {
    let start = 0;
    this.files = files.map(({ lengthBytes }) => {
      const placed = { start, length: lengthBytes };
      start += lengthBytes;
      return placed;
    });
    this.length = start;
    this.#sources = files.map((file) => file.source);
  }

  /** Index of the file that an address lies in; of the last one that begins there, which alone has bytes. */
  indexAt(address: number): number {
    let low = 0;
    let high = this.files.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.files[middle]?.start ?? 0) <= address) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const first = this.indexAt(offset);
    const whole = this.files[first];
    if (whole && offset + length <= whole.start + whole.length) {
      return (await this.#sources[first]?.read(offset - whole.start, length)) ?? new Uint8Array(0);
    }
    const bytes = new Uint8Array(length);
    for (let index = first, at = offset; at < offset + length; index += 1) {
      const file = this.files[index];
      if (!file) throw new RangeError(`read ${length} bytes at ${offset}: there are ${this.length}`);
      const count = Math.min(file.start + file.length, offset + length) - at;
      if (count <= 0) continue;
      const part = await this.#sources[index]?.read(at - file.start, count);
      if (part) bytes.set(part, at - offset);
      at += count;
    }
    return bytes;
  }
}
