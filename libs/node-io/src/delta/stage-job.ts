import type { FileFailure, TreeFile } from '@swarmpatch/delta';

import type { JobError } from './job-error.ts';

/** A file of the older release, and where its content is now; nowhere when no file has it. */
export interface SourceFile extends TreeFile {
  readonly absolutePath: string | undefined;
}

/** A file of the newer release, and where its content goes. */
export interface StagedFile {
  readonly path: string;
  readonly lengthBytes: number;
  /** 32 bytes, as signed. */
  readonly piecesRoot: Uint8Array;
  /** In a directory that is there. */
  readonly absolutePath: string;
}

/** What a worker is asked. */
export interface StageJob {
  readonly patchPath: string;
  /** All files and links of the older release. */
  readonly old: readonly SourceFile[];
  /** All files of the newer release that have content. */
  readonly new: readonly StagedFile[];
}

/** What became of a file that the patch writes. */
export interface StageResult {
  readonly path: string;
  /** Undefined when it is written and as signed. */
  readonly failure: FileFailure | undefined;
}

/** What a worker says. */
export type StageJobMessage =
  | { readonly kind: 'progress'; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly kind: 'done'; readonly results: readonly StageResult[] }
  | { readonly kind: 'failed'; readonly error: JobError };
