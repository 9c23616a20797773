import { read } from 'node:fs';
import { promisify } from 'node:util';

import type { PieceGeometry } from '@swarmpatch/metainfo';
import type { PieceStore } from '@swarmpatch/swarm';

import { FileEditions } from './file-editions.ts';
import { FileWrites } from './file-writes.ts';
import { OpenFiles } from './open-files.ts';
import { TransferError } from './transfer-error.ts';

const readDescriptor = promisify(read);

export const OPEN_FILES_MAX = 128;
/** Written bytes that are not durable yet: the flush at the end is short then, however much was written. */
const UNFLUSHED_BYTES_MAX = 128 * 1024 * 1024;

export interface FilePieceStoreOptions {
  readonly openFilesMax?: number;
}

/** Pieces in the files that they belong to. Files are written sparsely, wherever a piece lies; pads are nowhere. */
export class FilePieceStore implements PieceStore {
  readonly #geometry: PieceGeometry;
  readonly #locate: (fileIndex: number) => string;
  readonly #files: OpenFiles;
  readonly #writes: FileWrites;
  readonly #editions = new FileEditions();
  #unflushedBytes = 0;
  /** A flush while writing goes on. What went wrong is told by the flush that is waited for: the system tells it once. */
  #flushing: Promise<void> | undefined;
  #flushErrors: unknown[] = [];

  /** @param locate Absolute path of a file now; it may be another one at the next call. */
  constructor(geometry: PieceGeometry, locate: (fileIndex: number) => string, options: FilePieceStoreOptions = {}) {
    this.#geometry = geometry;
    this.#locate = locate;
    this.#files = new OpenFiles(options.openFilesMax ?? OPEN_FILES_MAX);
    this.#writes = new FileWrites(async (fileIndex, use) => {
      this.#editions.writtenHere(fileIndex);
      await this.#files.use(fileIndex, locate(fileIndex), 'write', use);
      this.#editions.writtenHere(fileIndex);
    });
  }

  /** What lies in no file, and past the last one, is zeros. @throws {Error} of the file system, or when a file is too short. */
  async read(piece: number, begin: number, lengthBytes: number): Promise<Uint8Array> {
    const data = Buffer.allocUnsafe(lengthBytes);
    await this.readInto(piece, begin, data);
    return data;
  }

  /** Fills the target as `read` would. */
  async readInto(piece: number, begin: number, target: Uint8Array): Promise<void> {
    const lengthBytes = target.length;
    const insideBytes = Math.max(0, Math.min(lengthBytes, this.#geometry.pieceSizeBytes(piece) - begin));
    const spans = insideBytes > 0 ? this.#geometry.filesOfPiece(piece, begin, insideBytes) : [];
    const filledBytes = spans.reduce((sum, span) => sum + span.lengthBytes, 0);
    if (filledBytes < lengthBytes) target.fill(0);
    for (const { fileIndex, fileOffsetBytes, pieceOffsetBytes, lengthBytes: spanBytes } of spans) {
      const at = pieceOffsetBytes - begin;
      const path = this.#locate(fileIndex);
      await this.#files.use(fileIndex, path, 'read', (descriptor) =>
        readFully(descriptor, target.subarray(at, at + spanBytes), fileOffsetBytes),
      );
    }
  }

  async write(piece: number, data: Uint8Array): Promise<void> {
    for (const { fileIndex, fileOffsetBytes, pieceOffsetBytes, lengthBytes } of this.#geometry.filesOfPiece(piece)) {
      const bytes = data.subarray(pieceOffsetBytes, pieceOffsetBytes + lengthBytes);
      await this.#writes.write(fileIndex, bytes, fileOffsetBytes);
      this.#unflushedBytes += lengthBytes;
    }
    if (this.#unflushedBytes >= UNFLUSHED_BYTES_MAX) this.#flushing ??= this.#flushAhead();
  }

  edition(piece: number): number {
    let edition = 0;
    for (const { fileIndex } of this.#geometry.filesOfPiece(piece))
      edition += this.#editions.look(fileIndex, this.#locate(fileIndex));
    return edition;
  }

  knownEdition(piece: number): number {
    return this.#geometry
      .filesOfPiece(piece)
      .reduce((edition, { fileIndex }) => edition + this.#editions.known(fileIndex), 0);
  }

  async flush(): Promise<void> {
    await this.#flushing;
    await this.#files.flush();
    for (const error of this.#flushErrors.splice(0)) throw error;
  }

  /** Closes the files; they are opened again when they are needed. */
  async close(): Promise<void> {
    await this.#flushing;
    await this.#files.close();
  }

  async #flushAhead(): Promise<void> {
    this.#unflushedBytes = 0;
    await this.#files.flush().catch((error: unknown) => this.#flushErrors.push(error));
    this.#flushing = undefined;
  }
}

async function readFully(descriptor: number, target: Uint8Array, offsetBytes: number): Promise<void> {
  for (let doneBytes = 0; doneBytes < target.length;) {
    const { bytesRead } = await readDescriptor(
      descriptor,
      target,
      doneBytes,
      target.length - doneBytes,
      offsetBytes + doneBytes,
    );
    if (bytesRead === 0) {
      throw new TransferError('file_too_short', `read a file at byte ${offsetBytes + doneBytes}: it ends before`);
    }
    doneBytes += bytesRead;
  }
}
