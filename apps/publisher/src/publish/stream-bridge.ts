/** tar-stream brings streams of its own (streamx): these carry bytes between them and everything else. */
import type { Extract, Pack } from 'tar-stream';

type TarWritable = ReturnType<Pack['entry']> | Extract;

export async function* chunksOf(readable: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of readable) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError(`a tar stream gave ${typeof chunk}, wanted bytes`);
    yield chunk;
  }
}

/** Writes all chunks no faster than they are taken, then ends the stream; stops early when it was destroyed. */
export async function feed(writable: TarWritable, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let wake = (): void => undefined;
  writable.on('drain', () => {
    wake();
  });
  writable.on('close', () => {
    wake();
  });
  for await (const chunk of chunks) {
    if (writable.destroying) return;
    if (writable.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  writable.end(null);
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
