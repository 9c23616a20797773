import { type Manifest, PAD_DIRECTORY } from '@swarmpatch/release';
import type { BlobSpan } from '../storage/blob-reader.ts';

export interface IndexedFile {
  /** Key in the blob store; absent when the file is empty or a pad. */
  piecesRoot?: string;
  lengthBytes: number;
}

/**
 * Finds a release's files by path, and by position in its stream: the bytes of all regular files, in manifest order, without
 * padding. Links and empty files add nothing to the stream.
 */
export class ReleaseIndex {
  readonly fileCount: number;
  readonly streamLengthBytes: number;
  readonly streamEtag: string;
  readonly #files = new Map<string, IndexedFile>();
  readonly #name: string;
  readonly #pieceLengthBytes: number;
  readonly #roots: string[] = [];
  /** Where each file of the stream ends. */
  readonly #ends: Float64Array;

  /** @param manifestSha256 Names the stream for caches. */
  constructor(manifest: Manifest, manifestSha256: string) {
    const ends: number[] = [];
    let at = 0;
    for (const { path, length, piecesRoot, symlink } of manifest.files) {
      if (symlink !== undefined) continue;
      this.#files.set(`${manifest.name}/${path}`, { lengthBytes: length, ...(piecesRoot && { piecesRoot }) });
      if (piecesRoot === undefined) continue;
      at += length;
      this.#roots.push(piecesRoot);
      ends.push(at);
    }
    this.fileCount = manifest.files.length;
    this.#name = manifest.name;
    this.#pieceLengthBytes = manifest.torrent.pieceLength;
    this.streamLengthBytes = at;
    this.streamEtag = `"stream-${manifestSha256}"`;
    this.#ends = Float64Array.from(ends);
  }

  /**
   * @param path As a torrent's web seed URL goes on: the torrent's name, then the file's path. Clients without BEP 47 ask for
   *   the pads, too: files of zeros.
   */
  file(path: string): IndexedFile | undefined {
    return this.#files.get(path) ?? this.#pad(path);
  }

  #pad(path: string): IndexedFile | undefined {
    const lengthBytes = Number(path.slice(path.lastIndexOf('/') + 1));
    const isPad =
      lengthBytes > 0 &&
      lengthBytes < this.#pieceLengthBytes &&
      path === `${this.#name}/${PAD_DIRECTORY}/${lengthBytes}`;
    return isPad ? { lengthBytes } : undefined;
  }

  /** The parts of blobs that make up a part of the stream, in order. */
  *spans(start: number, end: number): Generator<BlobSpan> {
    for (let index = this.#indexAt(start), at = start; at < end; index += 1) {
      const piecesRoot = this.#roots[index];
      const fileEnd = this.#ends[index];
      if (piecesRoot === undefined || fileEnd === undefined) return;
      const fileStart = this.#ends[index - 1] ?? 0;
      const until = Math.min(end, fileEnd);
      yield { piecesRoot, start: at - fileStart, end: until - fileStart };
      at = until;
    }
  }

  #indexAt(position: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
