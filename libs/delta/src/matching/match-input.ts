import type { ByteSource } from '../ports.ts';

/** Where a file lies in the bytes of its side. */
export interface PlacedContent {
  readonly path: string;
  readonly start: number;
  readonly length: number;
}

/** Old and new content, each as one run of bytes: the files one after another. */
export interface MatchInput {
  /** Every distinct content of the old tree. */
  readonly old: ByteSource;
  readonly oldFiles: readonly PlacedContent[];
  /** What the patch has to write. */
  readonly new: ByteSource;
  readonly newFiles: readonly PlacedContent[];
  /** 1 to 9. */
  readonly effort: number;
  readonly memoryBytesMax: number;
  /** Bytes of new that are dealt with. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
