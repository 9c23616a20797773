import type { FileStat } from './file-system.ts';

/** What is done for one file of the target release. */
export type FileTask =
  | { kind: 'unchanged'; executableIsWrong: boolean }
  /** Whole at an owned path that the target gives up, or kept as undo data. */
  | { kind: 'moved'; from: string }
  /** Whole at a path that stays as it is. */
  | { kind: 'copied'; from: string }
  /** The same content as another target file that is fetched. */
  | { kind: 'repeated'; ofFile: number }
  | { kind: 'created'; symlink: string | undefined }
  | FetchedTask;

export interface FetchedTask {
  kind: 'fetched';
  /** Pieces of the file that old files on disk have. */
  held: HeldPiece[];
  /** Pieces of the file that are staged already: by an earlier run, or by a patch. */
  staged: number[];
  /** Room that the staged file takes already. */
  allocatedBytes: number;
  /** The staged file as it was when it was read, and found whole. */
  seenWhole?: FileStat;
  /** Where the file can be rewritten instead. */
  rewrite?: RewriteBase;
}

/** What stands at the file's own path, and of which a part is right already. */
export interface RewriteBase {
  /** Pieces of the file that are in their place, in order. */
  same: readonly number[];
  lengthBytes: number;
  allocatedBytes: number;
}

export interface HeldPiece {
  pieceInFile: number;
  from: string;
  offsetBytes: number;
}
