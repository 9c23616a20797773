import { MerkleHasher } from '@swarmpatch/merkle';

import { lazyList, type List } from '../list.ts';
import { sameBytes } from '../same-bytes.ts';
import { LineView, VIEW_READ_BYTES } from '../line-view.ts';
import { inTurn, whenThere, type MaybePromise } from '../maybe-promise.ts';
import type { NewFile, SourceFile } from '../new-tree.ts';
import type { TreeFile } from '../tree.ts';
import type { Faults } from './faults.ts';
import type { PlacedFiles } from './placed-files.ts';
import type { ApplyPorts } from './ports.ts';

const CHECK_READ_BYTES = 1024 * 1024;

/** A source by the bytes that are read of it, which are not the file's where it has other line ends. */
export interface PlacedSource {
  readonly path: string;
  readonly lengthBytes: number;
  readonly file: SourceFile;
}

export function placedSources(files: List<SourceFile>): List<PlacedSource> {
  return lazyList(files.length, (index) => {
    const file = files.at(index);
    if (!file) throw new RangeError(`look up source ${index}: there are ${files.length}`);
    return { path: file.path, lengthBytes: file.view?.lengthBytes ?? file.lengthBytes, file };
  });
}

/** Reads source addresses through the ports: old files, then new ones as far as they are written. */
export class SourceReader {
  readonly #old: PlacedFiles<PlacedSource>;
  readonly #fresh: PlacedFiles<NewFile>;
  readonly #ports: ApplyPorts;
  readonly #faults: Faults;
  readonly #views = new Map<number, LineView>();
  /** What was read last for a view, and of which source. */
  #viewed: { index: number; from: number; bytes: Uint8Array } = { index: -1, from: 0, bytes: new Uint8Array(0) };
  #room: Uint8Array | undefined;
  #areChecked = false;

  constructor(old: PlacedFiles<PlacedSource>, fresh: PlacedFiles<NewFile>, ports: ApplyPorts, faults: Faults) {
    this.#old = old;
    this.#fresh = fresh;
    this.#ports = ports;
    this.#faults = faults;
  }

  /** Fills the target with source bytes of old files; what cannot be read stays as it is, and its file is at fault. */
  loadOld(place: number, target: Uint8Array): MaybePromise<void> {
    return inTurn(this.#old.spans(place, place + target.length), ({ index, from, at, to }) => {
      const part = target.subarray(at - place, at - place + to - from);
      const reading = this.#readSource(index, from, part);
      return typeof reading === 'boolean' ? undefined : reading.then(() => undefined);
    });
  }

  /** The same with new bytes that are written. */
  loadNew(place: number, target: Uint8Array): MaybePromise<void> {
    return inTurn(this.#fresh.spans(place, place + target.length), ({ index, from, at, to }) => {
      const file = this.#fresh.at(index);
      if (!file || this.#faults.of(index)) return undefined;
      return this.#ports.readNew(file, from, target.subarray(at - place, at - place + to - from));
    });
  }

  /** Fills the target with all old files, while other things are done. False when that cannot be: it may then hold anything. */
  async loadAllAhead(target: Uint8Array): Promise<boolean> {
    const files = [...this.#old.spans(0, this.#old.length)].flatMap(({ index, at, to }) => {
      const file = this.#old.at(index)?.file;
      return file ? [{ file, part: target.subarray(at, at + to) }] : [];
    });
    if (!this.#ports.readOldAhead || files.some(({ file }) => file.view)) return false;
    const readings = files.flatMap(({ file, part }) => this.#ports.readOldAhead?.(file, 0, part) ?? []);
    // Whoever takes from what cannot be read fails by it.
    return (await Promise.allSettled(readings)).every(({ status }) => status === 'fulfilled');
  }

  /**
   * Looks, once, which sources are not what their roots say.
   *
   * @returns The first of them.
   */
  async checkSources(): Promise<TreeFile | undefined> {
    if (!this.#areChecked) {
      this.#areChecked = true;
      for (let index = 0; index < this.#old.files.length; index += 1) await this.#checkSource(index);
    }
    for (let index = 0; index < this.#old.files.length; index += 1) {
      if (this.#faults.ofOld(index)?.code === 'source_mismatch') return this.#old.at(index)?.file;
    }
    return undefined;
  }

  async #checkSource(index: number): Promise<void> {
    const file = this.#old.at(index)?.file;
    if (file?.piecesRoot === undefined || this.#faults.ofOld(index)) return;
    const hasher = new MerkleHasher();
    const buffer = new Uint8Array(Math.min(CHECK_READ_BYTES, file.lengthBytes));
    for (let at = 0; at < file.lengthBytes; at += CHECK_READ_BYTES) {
      const bytes = buffer.subarray(0, Math.min(CHECK_READ_BYTES, file.lengthBytes - at));
      if (!(await this.#readOld(index, at, bytes))) return;
      hasher.update(bytes);
    }
    if (!sameBytes(hasher.digest().piecesRoot, file.piecesRoot)) this.#noteChanged(index);
  }

  #noteChanged(index: number): false {
    const path = this.#old.at(index)?.path ?? '';
    this.#faults.failOld(index, {
      code: 'source_mismatch',
      message: `the old file ${JSON.stringify(path)} is not as it was released`,
      path,
    });
    return false;
  }

  #readSource(index: number, from: number, target: Uint8Array): MaybePromise<boolean> {
    const source = this.#old.at(index);
    return source?.file.view ? this.#readView(index, from, target) : this.#readOld(index, from, target);
  }

  #readView(index: number, from: number, target: Uint8Array): MaybePromise<boolean> {
    const failed = (error: unknown): false => {
      if (this.#faults.ofOld(index)) return false;
      throw error;
    };
    try {
      const reading = whenThere(this.#viewOf(index), (view) => {
        if (view.length !== this.#old.at(index)?.lengthBytes) return this.#noteChanged(index);
        return whenThere(view.read(from, target), () => true);
      });
      return reading instanceof Promise ? reading.catch(failed) : reading;
    } catch (error) {
      return failed(error);
    }
  }

  #viewOf(index: number): MaybePromise<LineView> {
    const known = this.#views.get(index);
    if (known) return known;
    const file = this.#old.at(index)?.file;
    const read = (offset: number, length: number): MaybePromise<Uint8Array> => this.#readViewed(index, offset, length);
    const opening = LineView.open({ lengthBytes: file?.lengthBytes ?? 0, read }, file?.view?.ends ?? 'lf');
    return whenThere(opening, (view) => {
      this.#views.set(index, view);
      return view;
    });
  }

  /** Views read one after another, most of them what one read last. */
  #readViewed(index: number, from: number, length: number): MaybePromise<Uint8Array> {
    const last = this.#viewed;
    const at = from - last.from;
    if (last.index === index && at >= 0 && at + length <= last.bytes.length)
      return last.bytes.subarray(at, at + length);
    this.#room ??= new Uint8Array(VIEW_READ_BYTES);
    const bytes = this.#room.subarray(0, length);
    last.index = -1;
    return whenThere(this.#readOld(index, from, bytes), (isRead) => {
      if (!isRead) throw new Error('its fault is noted');
      this.#viewed = { index, from, bytes };
      return bytes;
    });
  }

  /** False when the file cannot be read, which is then noted. */
  #readOld(index: number, from: number, target: Uint8Array): MaybePromise<boolean> {
    const file = this.#old.at(index)?.file;
    if (!file || this.#faults.ofOld(index)?.code === 'source_unreadable') return false;
    try {
      const reading = this.#ports.readOld(file, from, target);
      if (!reading) return true;
      return reading.then(
        () => true,
        (error: unknown) => this.#noteUnreadable(index, file, error),
      );
    } catch (error) {
      return this.#noteUnreadable(index, file, error);
    }
  }

  #noteUnreadable(index: number, file: TreeFile, error: unknown): false {
    this.#faults.failOld(index, {
      code: 'source_unreadable',
      message: `read the old file ${JSON.stringify(file.path)}: ${error instanceof Error ? error.message : String(error)}`,
      path: file.path,
    });
    return false;
  }
}
