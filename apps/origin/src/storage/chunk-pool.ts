export const CHUNK_BYTES: number = 256 * 1024;
/** Memory that is kept for the next reader: enough for a few dozen at once. */
const KEPT_CHUNKS_MAX = 128;

/** Bytes on loan: whoever takes them calls `release` once nothing reads them any more. */
export interface Chunk {
  bytes: Uint8Array;
  readonly release: () => void;
}

/** Memory for reading that goes round: fresh memory for each chunk costs more than the reading. It is shared with threads. */
export class ChunkPool {
  readonly #free: Buffer[] = [];

  /** At least `CHUNK_BYTES` long. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.from(new SharedArrayBuffer(CHUNK_BYTES));
  }

  give(memory: Buffer): void {
    if (this.#free.length < KEPT_CHUNKS_MAX) this.#free.push(memory);
  }

  /** The first bytes of memory that `take` gave, as a chunk that brings it back. */
  lend(memory: Buffer, lengthBytes: number): Chunk {
    return { bytes: memory.subarray(0, lengthBytes), release: () => this.give(memory) };
  }
}

/** Bytes that nobody waits for. */
export function ownedChunk(bytes: Uint8Array): Chunk {
  return { bytes, release: () => undefined };
}
