import { MerkleHasher } from '@swarmpatch/merkle';

import { sameBytes } from '../same-bytes.ts';
import type { NewFile } from '../new-tree.ts';
import type { TreeFile } from '../tree.ts';
import type { Faults } from './faults.ts';
import type { PlacedFiles } from './placed-files.ts';
import type { ApplyPorts } from './ports.ts';

const CHECK_READ_BYTES = 1024 * 1024;

/** Reads source addresses through the ports: old files, then new ones as far as they are written. */
export class SourceReader {
  readonly #old: PlacedFiles<TreeFile>;
  readonly #fresh: PlacedFiles<NewFile>;
  readonly #ports: ApplyPorts;
  readonly #faults: Faults;
  #areChecked = false;

  constructor(old: PlacedFiles<TreeFile>, fresh: PlacedFiles<NewFile>, ports: ApplyPorts, faults: Faults) {
    this.#old = old;
    this.#fresh = fresh;
    this.#ports = ports;
    this.#faults = faults;
  }

  /** Fills the target; what cannot be read stays as it is, and its file is at fault. */
  async load(address: number, target: Uint8Array): Promise<void> {
    const end = address + target.length;
    const oldBytes = this.#old.length;
    let at = 0;
    for (const { index, from, to } of this.#old.spans(address, Math.min(end, oldBytes))) {
      const bytes = await this.#readOld(index, from, to - from);
      if (bytes) target.set(bytes, at);
      at += to - from;
    }
    if (end <= oldBytes) return;
    for (const { index, from, to } of this.#fresh.spans(Math.max(0, address - oldBytes), end - oldBytes)) {
      const file = this.#fresh.files[index];
      if (file && !this.#faults.of(index)) target.set(await this.#ports.readNew(file, from, to - from), at);
      at += to - from;
    }
  }

  /**
   * Looks, once, which sources are not what their roots say.
   *
   * @returns The first of them.
   */
  async checkSources(): Promise<TreeFile | undefined> {
    if (!this.#areChecked) {
      this.#areChecked = true;
      for (const [index, file] of this.#old.files.entries()) await this.#checkSource(index, file);
    }
    return this.#old.files.find((_, index) => this.#faults.ofOld(index)?.code === 'source_mismatch');
  }

  async #checkSource(index: number, file: TreeFile): Promise<void> {
    if (file.piecesRoot === undefined || this.#faults.ofOld(index)) return;
    const hasher = new MerkleHasher();
    for (let at = 0; at < file.lengthBytes; at += CHECK_READ_BYTES) {
      const bytes = await this.#readOld(index, at, Math.min(CHECK_READ_BYTES, file.lengthBytes - at));
      if (!bytes) return;
      hasher.update(bytes);
    }
    if (sameBytes(hasher.digest().piecesRoot, file.piecesRoot)) return;
    this.#faults.failOld(index, {
      code: 'source_mismatch',
      message: `the old file ${JSON.stringify(file.path)} is not as it was released`,
      path: file.path,
    });
  }

  async #readOld(index: number, from: number, length: number): Promise<Uint8Array | undefined> {
    const file = this.#old.files[index];
    if (!file || this.#faults.ofOld(index)?.code === 'source_unreadable') return undefined;
    try {
      const bytes = await this.#ports.readOld(file, from, length);
      if (bytes.length === length) return bytes;
      throw new Error(`found ${bytes.length} bytes at ${from}, ${length} are wanted`);
    } catch (error) {
      this.#faults.failOld(index, {
        code: 'source_unreadable',
        message: `read the old file ${JSON.stringify(file.path)}: ${error instanceof Error ? error.message : String(error)}`,
        path: file.path,
      });
      return undefined;
    }
  }
}
