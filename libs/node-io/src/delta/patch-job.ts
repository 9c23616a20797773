import type { CreatedPatch, CreateProgress, TreeFile } from '@swarmpatch/delta';

import type { JobError } from './job-error.ts';

/** A file of a release and where its content is on this machine: in a directory, or a blob of its own. */
export interface LocatedFile extends TreeFile {
  readonly absolutePath: string;
  /** When given, the file must still have it once the patch is made. */
  readonly mtimeMs?: number | undefined;
}

/** What a worker is asked. */
export interface PatchJob {
  readonly old: readonly LocatedFile[];
  readonly new: readonly LocatedFile[];
  readonly effort: number;
  readonly memoryBytesMax: number;
  /** Made new; the asker moves or removes it. */
  readonly outPath: string;
}

/** What a worker says. */
export type PatchJobMessage =
  | { readonly kind: 'progress'; readonly progress: CreateProgress }
  | { readonly kind: 'done'; readonly created: CreatedPatch }
  | { readonly kind: 'failed'; readonly error: JobError };
