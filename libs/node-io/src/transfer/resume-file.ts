import { makeParents, writeDurably } from '@swarmpatch/install';
import {
  decodeResumeData,
  encodeResumeData,
  type FileStamp,
  type Metainfo,
  MetainfoError,
  RESUME_DATA_BYTES_MAX,
  type ResumeData,
} from '@swarmpatch/metainfo';
import { Bitfield } from '@swarmpatch/swarm';

import type { DiskFileSystem } from '../file-system/index.ts';
import { type CheckFilesOptions, checkPieces } from '../hashing/index.ts';
import { isSameStamp, stampFiles } from './file-stamps.ts';

/** Between two times that resume data is written, but for the end: each time, all that was received is flushed. */
export const RESUME_INTERVAL_MS_MIN = 30_000;

export interface ResumeFileOptions {
  readonly metainfo: Metainfo;
  /** Absolute path of a file of the torrent. */
  readonly locate: (fileIndex: number) => string;
  /** Makes durable what was written to those files. */
  readonly flush: () => Promise<void>;
  readonly files: DiskFileSystem;
  /** Where resume data is kept, in `files`. */
  readonly directory: string;
}

/**
 * Remembers which pieces of a torrent are on this disk. A file whose length, time and inode are as they were is as it was; the
 * pieces of others are hashed. Losing it costs hashing, never correctness: that it cannot be written is no failure.
 */
export class ResumeFile {
  readonly #options: ResumeFileOptions;
  /** What files looked like when the pieces that are claimed were in them. */
  #stamps: (FileStamp | undefined)[] = [];
  #claimed: Bitfield;
  /** Whether the resume data on disk says the same. */
  #isSaved = false;
  readonly #path: string;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: ResumeFileOptions) {
    this.#options = options;
    const { infohashV1, infohashV2 } = options.metainfo;
    this.#path = `${options.directory}/${Buffer.from(infohashV2 ?? infohashV1 ?? []).toString('hex')}`;
    this.#claimed = new Bitfield(options.metainfo.pieceCount);
  }

  /** The pieces that are here, a bitfield: as it was left, and hashed where that is not known. @throws {ScanError} `unreadable` */
  async recall(options: Omit<CheckFilesOptions, 'onlyPieces'> = {}): Promise<Uint8Array> {
    const { metainfo } = this.#options;
    // Before anything is read: what changes meanwhile is another file next time.
    this.#stamps = await this.#stampAll();
    const left = await this.#read();
    const { known, unknown } = this.#judge(left);
    const found = unknown.count === 0 ? undefined : await checkPieces(metainfo, unknown.bits, this.#existing, options);
    const have = found ? known.bits.map((byte, index) => byte | (found[index] ?? 0)) : known.bits;
    this.#claimed = new Bitfield(metainfo.pieceCount, have);
    this.#isSaved = left !== undefined && unknown.count === 0;
    return have;
  }

  /** What is known without reading: by file, the pieces that it has, counted from its first; undefined when it has to be read. */
  async glance(): Promise<(fileIndex: number) => number[] | undefined> {
    const { metainfo } = this.#options;
    this.#stamps = await this.#stampAll();
    const { known, unknown } = this.#judge(await this.#read());
    return (fileIndex) => {
      const { first, end } = metainfo.geometry.piecesOfFile(fileIndex);
      if (this.#stamps[fileIndex] === undefined || unknown.missingWithin(first, end) < end - first) return undefined;
      return Array.from({ length: end - first }, (_, index) => index).filter((index) => known.has(first + index));
    };
  }

  /** Begins without looking for pieces: somebody else knows which are there. */
  async begin(): Promise<void> {
    this.#stamps = await this.#stampAll();
  }

  /** Writes what `have` says from time to time, until `close`. */
  keep(have: () => Uint8Array): void {
    this.#timer = setInterval(() => void this.save(have()), RESUME_INTERVAL_MS_MIN);
    this.#timer.unref();
  }

  /** @param have The pieces that are written: a bitfield. */
  async save(have: Uint8Array): Promise<void> {
    const claimed = new Bitfield(this.#options.metainfo.pieceCount, have);
    this.#saving = this.#saving.then(() => this.#write(claimed).catch(() => undefined));
    await this.#saving;
  }

  /** For the last time. Nothing writes to the files any more. */
  async close(have: Uint8Array): Promise<void> {
    await this.stop();
    await this.save(have);
  }

  /** Writes nothing more: the files are about to move. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#saving;
  }

  async #write(claimed: Bitfield): Promise<void> {
    const { metainfo, flush, files, locate } = this.#options;
    const touched = this.#touchedSince(claimed);
    if (this.#isSaved && touched.size === 0) return;
    // First the pieces, then what says that they are here.
    await flush();
    for (const [fileIndex, stamp] of await stampFiles(touched, locate)) this.#stamps[fileIndex] = stamp;
    this.#claimed = claimed;
    await makeParents(files, this.#path);
    await writeDurably(files, this.#path, encodeResumeData(metainfo, { have: claimed.bits, files: this.#stamps }));
    this.#isSaved = true;
  }

  async #stampAll(): Promise<(FileStamp | undefined)[]> {
    const { metainfo, locate } = this.#options;
    const stamps = await stampFiles(metainfo.files.keys(), locate);
    return metainfo.files.map((_, fileIndex) => stamps.get(fileIndex));
  }

  /** Files of which pieces came or were lost. The others are to be as they were seen: a change of theirs is not this client's. */
  #touchedSince(claimed: Bitfield): Set<number> {
    const touched = new Set<number>();
    for (let piece = 0; piece < claimed.length; piece += 1) {
      if (claimed.has(piece) === this.#claimed.has(piece)) continue;
      for (const { fileIndex } of this.#options.metainfo.geometry.filesOfPiece(piece)) touched.add(fileIndex);
    }
    return touched;
  }

  async #read(): Promise<ResumeData | undefined> {
    const { metainfo, files } = this.#options;
    const stat = await files.stat(this.#path);
    if (stat?.kind !== 'file' || stat.lengthBytes > RESUME_DATA_BYTES_MAX) return undefined;
    try {
      return decodeResumeData(metainfo, await files.read(this.#path));
    } catch (error) {
      if (error instanceof MetainfoError) return undefined;
      throw error;
    }
  }

  /** What needs no reading, and what does. */
  #judge(left: ResumeData | undefined): { known: Bitfield; unknown: Bitfield } {
    const { geometry, pieceCount } = this.#options.metainfo;
    const had = new Bitfield(pieceCount, left?.have ?? new Uint8Array(0));
    const [known, unknown] = [new Bitfield(pieceCount), new Bitfield(pieceCount)];
    const isThere = (fileIndex: number): boolean => this.#stamps[fileIndex] !== undefined;
    const isAsLeft = (fileIndex: number): boolean =>
      left !== undefined && isSameStamp(this.#stamps[fileIndex], left.files[fileIndex]);
    for (let piece = 0; piece < pieceCount; piece += 1) {
      const inFiles = geometry.filesOfPiece(piece).map(({ fileIndex }) => fileIndex);
      if (!inFiles.every(isThere)) continue;
      if (!inFiles.every(isAsLeft) || left === undefined) unknown.add(piece);
      else if (had.has(piece)) known.add(piece);
    }
    return { known, unknown };
  }

  readonly #existing = (fileIndex: number): string | undefined =>
    this.#stamps[fileIndex] && this.#options.locate(fileIndex);
}
