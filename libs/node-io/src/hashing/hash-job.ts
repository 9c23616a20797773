/** What workers are asked and answer: plain data, copied between threads. File bytes never cross. */
export type HashJob = PartsJob | StreamJob;

/** Which v1 hashes are wanted: none, of the pieces as they are, or with the last piece of a file padded with zeros. */
export type V1Hashing = 'none' | 'exact' | 'padded';

/** Parts of files, each of which starts at a piece boundary of its file. */
export interface PartsJob {
  readonly kind: 'parts';
  readonly pieceLengthBytes: number;
  readonly v1: V1Hashing;
  readonly parts: readonly FilePart[];
}

export interface FilePart {
  readonly absolutePath: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly fileLengthBytes: number;
  /** When given, the file must still have this time and its length after it was read. */
  readonly mtimeMs?: number;
}

/** A run of v1 pieces over the concatenation of slices. */
export interface StreamJob {
  readonly kind: 'stream';
  readonly pieceLengthBytes: number;
  readonly slices: readonly StreamSlice[];
}

/** A run of a file's bytes, or of zeros. */
export type StreamSlice =
  (FilePart & { readonly isPad?: false }) | { readonly isPad: true; readonly lengthBytes: number };

/** `ended`: the file was shorter than wanted. `changed`: it is not what was scanned. Else a code of the system, such as ENOENT. */
export type ReadStatus = 'read' | 'ended' | 'changed' | (string & {});

/** Answers to all parts of a job packed together: an object for each of many small files would cost more than its hashes. */
export interface PartsResult {
  readonly kind: 'parts';
  /** By part. */
  readonly statuses: readonly ReadStatus[];
  /** By part, as found when it was opened; -1 when it could not be. */
  readonly fileLengths: Float64Array;
  /** By part: its pieces that could be read whole. */
  readonly pieceCounts: Uint32Array;
  /** Root of each of those pieces, 32 bytes each, part after part. */
  readonly roots: Uint8Array;
  /** SHA-1 of the same pieces, 20 bytes each; empty when not wanted. */
  readonly sha1s: Uint8Array;
}

export interface StreamResult {
  readonly kind: 'stream';
  /** SHA-1 of each piece, 20 bytes each; zeros where a slice could not be read. */
  readonly sha1s: Uint8Array;
  /** 1 for each piece of which every byte was read. */
  readonly isWhole: Uint8Array;
  /** By slice. */
  readonly statuses: readonly ReadStatus[];
  /** By slice, as found when its file was opened; -1 when it could not be. */
  readonly fileLengths: readonly number[];
}

export type HashResult = PartsResult | StreamResult;
