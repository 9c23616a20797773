import type { NewFile } from '../new-tree.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { TreeFile } from '../tree.ts';

/** Where an applied patch reads and writes. What `write` and `finish` throw ends the whole; what `readOld` throws fails files. */
export interface ApplyPorts {
  /** Fills the target with the bytes of an old file from an offset on, or throws. */
  readOld(file: TreeFile, offset: number, target: Uint8Array): MaybePromise<void>;
  /** The same for much at once, while other things are done; without it, nothing is read before it is needed. */
  readOldAhead?(file: TreeFile, offset: number, target: Uint8Array): Promise<void>;
  /**
   * The next bytes of a new file, from its beginning on without gaps. They stay as they are until the promise settles; meanwhile more
   * is made and handed on, also of the same file.
   */
  write(file: NewFile, offset: number, bytes: Uint8Array): MaybePromise<void>;
  /** Fills the target with bytes that were written before. */
  readNew(file: NewFile, offset: number, target: Uint8Array): MaybePromise<void>;
  /** Called once for each written file, in order, when its bytes are written: also for empty ones, and for failed ones, which may have bytes or none. */
  finish(result: FileResult): MaybePromise<void>;
}

export type FileFailureCode =
  /** The patch is damaged where it says what this file is made of. */
  | 'patch_damaged'
  /** An old file that this one is made of cannot be read. */
  | 'source_unreadable'
  /** An old file that this one is made of is not what its pieces root says. */
  | 'source_mismatch'
  /** It is made of a new file that failed. */
  | 'depends_on_failed'
  /** It was made whole, but is not what it should be: an old file is not as it was, and roots to tell which are not known. */
  | 'content_mismatch';

export interface FileFailure {
  readonly code: FileFailureCode;
  readonly message: string;
  /** The old or new file that is to blame, where one is. */
  readonly path?: string | undefined;
}

/** What became of one written file. */
export type FileResult = DoneFile | FailedFile;

export interface DoneFile {
  readonly status: 'done';
  readonly file: NewFile;
  /** 32 zero bytes for an empty file. */
  readonly piecesRoot: Uint8Array;
}

export interface FailedFile {
  readonly status: 'failed';
  readonly file: NewFile;
  readonly failure: FileFailure;
}

export interface ApplyOptions {
  /** By path, from the signed release: each file is then checked on its own, and a source that differs is named. */
  readonly expectedRoots?: ReadonlyMap<string, Uint8Array> | undefined;
  readonly onProgress?: ((progress: { readonly doneBytes: number; readonly totalBytes: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
