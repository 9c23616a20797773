import { setTimeout as sleep } from 'node:timers/promises';

import { EQUAL_FILE_BYTES_MIN, EqualFileTurns } from './equal-file-turns.ts';
import type { FileSharer, Place } from './file-sharer.ts';

const NO_ROOM_WAIT_MS = 50;

interface Copy {
  readonly from: Place;
  readonly to: Place;
  readonly piece: number;
}

/**
 * Equal files of a session's torrents, known by their pieces roots (BEP 52) whatever the piece lengths: what one torrent has
 * of a file the others copy, so that no byte of it is fetched twice. One piece is copied at a time.
 */
export class SharedFiles {
  readonly #places = new Map<string, Place[]>();
  /** Files of several torrents, or of several places in one. */
  readonly #shared = new Map<string, Place[]>();
  readonly #turns = new EqualFileTurns();
  /** Pieces that were handed over, or are to be. */
  readonly #taken = new Map<FileSharer, Set<number>>();
  readonly #copies: Copy[] = [];
  #isCopying = false;

  add(sharer: FileSharer): void {
    this.#taken.set(sharer, new Set());
    for (const [fileIndex, file] of sharer.metainfo.files.entries()) {
      const root = rootOf(file);
      if (root === undefined) continue;
      const places = this.#places.get(root) ?? [];
      const place = { sharer, fileIndex };
      for (const other of places) {
        this.#copyFile(other, place);
        this.#copyFile(place, other);
      }
      places.push(place);
      this.#places.set(root, places);
      if (places.length > 1 && file.lengthBytes >= EQUAL_FILE_BYTES_MIN) this.#shared.set(root, places);
    }
    this.#turns.lookSoon();
    this.#begin();
  }

  remove(sharer: FileSharer): void {
    this.#taken.delete(sharer);
    this.#turns.forget(sharer);
    for (const file of sharer.metainfo.files) {
      const root = rootOf(file);
      const left = this.#places.get(root ?? '')?.filter((place) => place.sharer !== sharer) ?? [];
      if (left.length > 0) this.#places.set(root ?? '', left);
      else this.#places.delete(root ?? '');
      if (left.length > 1 && this.#shared.has(root ?? '')) this.#shared.set(root ?? '', left);
      else this.#shared.delete(root ?? '');
    }
  }

  /** Whether others of the session bring something that this torrent lacks: it is being copied, or they may fetch it. */
  areHelping(sharer: FileSharer): boolean {
    for (const piece of this.#taken.get(sharer) ?? []) if (sharer.needs(piece)) return true;
    return sharer.metainfo.files.some((file, fileIndex) => {
      const others = (this.#places.get(rootOf(file) ?? '') ?? []).filter((place) => place.sharer !== sharer);
      return others.some((from) => mayFetchFor(from, { sharer, fileIndex }));
    });
  }

  /** Says who is to wait for whom. To be called often, while transfers are not paused. */
  look(nowMs: number): void {
    this.#turns.look(this.#shared, nowMs);
  }

  /** A piece was written: who else lacks its bytes may have them. */
  pieceWritten(sharer: FileSharer, piece: number): void {
    for (const { fileIndex, fileOffsetBytes, lengthBytes } of sharer.metainfo.geometry.filesOfPiece(piece)) {
      const places = this.#places.get(rootOf(sharer.metainfo.files[fileIndex]) ?? '') ?? [];
      if (places.length < 2) continue;
      const from = { sharer, fileIndex };
      for (const to of places) {
        if (to.sharer === sharer && to.fileIndex === fileIndex) continue;
        const pieceLengthBytes = to.sharer.metainfo.pieceLengthBytes;
        const { first } = to.sharer.metainfo.geometry.piecesOfFile(to.fileIndex);
        const begin = first + Math.floor(fileOffsetBytes / pieceLengthBytes);
        const end = first + Math.ceil((fileOffsetBytes + lengthBytes) / pieceLengthBytes);
        for (let each = begin; each < end; each += 1) this.#copyPiece(from, to, each);
      }
    }
    this.#begin();
  }

  /** Bytes that were said to be the piece are not: if they were copied, what they are of is not what it was taken for. */
  pieceRefused(sharer: FileSharer, piece: number): void {
    if (this.#taken.get(sharer)?.delete(piece) !== true) return;
    for (const { fileIndex } of sharer.metainfo.geometry.filesOfPiece(piece)) {
      const root = rootOf(sharer.metainfo.files[fileIndex]);
      if (root !== undefined) this.#turns.giveUp(root);
    }
  }

  #copyFile(from: Place, to: Place): void {
    const { first, end } = to.sharer.metainfo.geometry.piecesOfFile(to.fileIndex);
    for (let piece = first; piece < end; piece += 1) this.#copyPiece(from, to, piece);
  }

  #copyPiece(from: Place, to: Place, piece: number): void {
    const taken = this.#taken.get(to.sharer);
    if (!taken || taken.has(piece) || !to.sharer.needs(piece)) return;
    const covering = coveringPieces(from, to, piece);
    if (!from.sharer.has(covering.first, covering.end)) return;
    taken.add(piece);
    this.#copies.push({ from, to, piece });
  }

  #begin(): void {
    if (this.#isCopying || this.#copies.length === 0) return;
    this.#isCopying = true;
    void this.#copyAll();
  }

  async #copyAll(): Promise<void> {
    for (let copy = this.#copies.shift(); copy; copy = this.#copies.shift()) await this.#copy(copy);
    this.#isCopying = false;
  }

  async #copy({ from, to, piece }: Copy): Promise<void> {
    const isDue = (): boolean => !to.sharer.isOver && to.sharer.needs(piece);
    const data = isDue() && !from.sharer.isOver ? await readFor(from, to, piece) : undefined;
    if (!data) {
      // Another place may have it later.
      this.#taken.get(to.sharer)?.delete(piece);
      if (!from.sharer.isOver) this.#turns.giveUp(rootOf(from.sharer.metainfo.files[from.fileIndex]) ?? '');
      return;
    }
    while (isDue() && !to.sharer.adopt(piece, data)) await sleep(NO_ROOM_WAIT_MS, undefined, { ref: false });
  }
}

function rootOf(file: { readonly piecesRoot?: Uint8Array } | undefined): string | undefined {
  return file?.piecesRoot && Buffer.from(file.piecesRoot).toString('base64');
}

/** Where a piece lies in its file. Files with a pieces root begin with a piece. */
function spanInFile({ sharer, fileIndex }: Place, piece: number): { begin: number; end: number } {
  const { metainfo } = sharer;
  const begin = (piece - metainfo.geometry.piecesOfFile(fileIndex).first) * metainfo.pieceLengthBytes;
  return { begin, end: Math.min(begin + metainfo.pieceLengthBytes, metainfo.files[fileIndex]?.lengthBytes ?? 0) };
}

function mayFetchFor(from: Place, to: Place): boolean {
  if (from.sharer.isOver || !from.sharer.hasSources) return false;
  const { first, end } = to.sharer.metainfo.geometry.piecesOfFile(to.fileIndex);
  for (let piece = first; piece < end; piece += 1) {
    if (!to.sharer.needs(piece)) continue;
    const covering = coveringPieces(from, to, piece);
    for (let source = covering.first; source < covering.end; source += 1) if (from.sharer.needs(source)) return true;
  }
  return false;
}

function coveringPieces(from: Place, to: Place, piece: number): { first: number; end: number } {
  const { begin, end } = spanInFile(to, piece);
  const { geometry, pieceLengthBytes } = from.sharer.metainfo;
  const { first } = geometry.piecesOfFile(from.fileIndex);
  return { first: first + Math.floor(begin / pieceLengthBytes), end: first + Math.ceil(end / pieceLengthBytes) };
}

async function readFor(from: Place, to: Place, piece: number): Promise<Uint8Array | undefined> {
  const wanted = spanInFile(to, piece);
  const data = new Uint8Array(to.sharer.metainfo.geometry.pieceSizeBytes(piece));
  const covering = coveringPieces(from, to, piece);
  for (let source = covering.first; source < covering.end; source += 1) {
    const span = spanInFile(from, source);
    const begin = Math.max(span.begin, wanted.begin);
    const lengthBytes = Math.min(span.end, wanted.end) - begin;
    const bytes = await from.sharer.read(source, begin - span.begin, lengthBytes);
    if (!bytes) return undefined;
    data.set(bytes, begin - wanted.begin);
  }
  return data;
}
