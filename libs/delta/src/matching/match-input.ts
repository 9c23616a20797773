import type { ByteSource } from '../ports.ts';

/** Old and new content, each as one run of bytes: the files one after another. */
export interface MatchInput {
  /** Every distinct content of the old tree. */
  readonly old: ByteSource;
  /** What the patch has to write. */
  readonly new: ByteSource;
  /** 1 to 9. */
  readonly effort: number;
  readonly memoryBytesMax: number;
  /** Bytes of new that are dealt with. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
