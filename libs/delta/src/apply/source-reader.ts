import { MerkleHasher } from '@swarmpatch/merkle';

import { lazyList, type List } from '../list.ts';
import { sameBytes } from '../same-bytes.ts';
import { LastBlock, LineView } from '../line-view.ts';
import type { NewFile, SourceFile } from '../new-tree.ts';
import type { TreeFile } from '../tree.ts';
import type { Faults } from './faults.ts';
import type { PlacedFiles } from './placed-files.ts';
import type { ApplyPorts, MaybePromise } from './ports.ts';

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
  readonly #views = new Map<number, Promise<LineView>>();
  readonly #last = new LastBlock();
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
      const file = this.#fresh.files.at(index);
      if (!file || this.#faults.of(index)) return undefined;
      return this.#ports.readNew(file, from, target.subarray(at - place, at - place + to - from));
    });
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
      if (this.#faults.ofOld(index)?.code === 'source_mismatch') return this.#old.files.at(index)?.file;
    }
    return undefined;
  }

  async #checkSource(index: number): Promise<void> {
    const file = this.#old.files.at(index)?.file;
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
    const path = this.#old.files.at(index)?.path ?? '';
    this.#faults.failOld(index, {
      code: 'source_mismatch',
      message: `the old file ${JSON.stringify(path)} is not as it was released`,
      path,
    });
    return false;
  }

  #readSource(index: number, from: number, target: Uint8Array): MaybePromise<boolean> {
    const source = this.#old.files.at(index);
    return source?.file.view ? this.#readView(index, from, target) : this.#readOld(index, from, target);
  }

  async #readView(index: number, from: number, target: Uint8Array): Promise<boolean> {
    try {
      let view = this.#views.get(index);
      if (!view) {
        view = this.#openView(index);
        this.#views.set(index, view);
      }
      const lines = await view;
      if (lines.length !== this.#old.files.at(index)?.lengthBytes) return this.#noteChanged(index);
      await lines.read(from, target);
      return true;
    } catch (error) {
      if (this.#faults.ofOld(index)) return false;
      throw error;
    }
  }

  #openView(index: number): Promise<LineView> {
    const file = this.#old.files.at(index)?.file;
    const readInto = async (offset: number, bytes: Uint8Array): Promise<void> => {
      if (!(await this.#readOld(index, offset, bytes))) throw new Error('its fault is noted');
    };
    return LineView.open({ lengthBytes: file?.lengthBytes ?? 0, readInto }, file?.view?.ends ?? 'lf', this.#last);
  }

  /** False when the file cannot be read, which is then noted. */
  #readOld(index: number, from: number, target: Uint8Array): MaybePromise<boolean> {
    const file = this.#old.files.at(index)?.file;
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

/** Does one after the other, and waits only for those that take time. */
function inTurn<T>(items: Iterator<T>, act: (item: T) => MaybePromise<void>): MaybePromise<void> {
  for (let next = items.next(); next.done !== true; next = items.next()) {
    const acting = act(next.value);
    if (acting) return acting.then(() => inTurn(items, act));
  }
}
