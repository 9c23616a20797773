import { blockHashesOf, HASH_LENGTH_BYTES, MerkleHasher, piecesRootFromBlocks } from '@swarmpatch/merkle';

import { checkOf } from '../format/frame.ts';
import { CHECK_BYTES, groupEnds } from '../format/listing.ts';
import type { NewFile } from '../new-tree.ts';
import { sameBytes } from '../same-bytes.ts';
import type { Faults } from './faults.ts';
import type { PlacedFiles } from './placed-files.ts';
import type { ApplyPorts, FileFailure, FileResult } from './ports.ts';
import type { SourceReader } from './source-reader.ts';

/** Cuts what is made into files, writes and hashes them, and says what became of each once it is checked. */
export class FileWriter {
  readonly results: FileResult[] = [];
  readonly #fresh: PlacedFiles<NewFile>;
  readonly #faults: Faults;
  readonly #sources: SourceReader;
  readonly #ports: ApplyPorts;
  readonly #expectedRoots: ReadonlyMap<string, Uint8Array> | undefined;
  readonly #checks: Uint8Array;
  readonly #groupEnds: readonly number[];
  readonly #roots: (Uint8Array | undefined)[] = [];
  #hasher: MerkleHasher | undefined;
  #wholeRoot: Uint8Array | undefined;
  #group = 0;
  #at = 0;

  constructor(parts: {
    readonly fresh: PlacedFiles<NewFile>;
    readonly faults: Faults;
    readonly sources: SourceReader;
    readonly ports: ApplyPorts;
    readonly checks: Uint8Array;
    readonly expectedRoots: ReadonlyMap<string, Uint8Array> | undefined;
  }) {
    this.#fresh = parts.fresh;
    this.#faults = parts.faults;
    this.#sources = parts.sources;
    this.#ports = parts.ports;
    this.#checks = parts.checks;
    this.#expectedRoots = parts.expectedRoots;
    this.#groupEnds = groupEnds(parts.fresh.files.map((file) => file.lengthBytes));
  }

  /** How much was written or given up. */
  get at(): number {
    return this.#at;
  }

  /** Takes the next bytes of new. */
  async write(bytes: Uint8Array): Promise<void> {
    const begin = this.#at;
    for (const { index, from, to } of this.#fresh.spans(begin, begin + bytes.length)) {
      const file = this.#fresh.files[index];
      if (file && !this.#faults.of(index)) {
        const at = this.#fresh.start(index) + from - begin;
        const part = bytes.subarray(at, at + to - from);
        // Most files come whole, and are hashed without a hasher's buffers.
        if (part.length === file.lengthBytes) this.#wholeRoot = piecesRootFromBlocks(blockHashesOf(part));
        else (this.#hasher ??= new MerkleHasher()).update(part);
        const writing = this.#ports.write(file, from, part);
        if (writing) await writing;
      }
      this.#at += to - from;
      await this.finishEnded();
    }
  }

  /** Passes over bytes that cannot be made; their files have failed. */
  async skip(to: number): Promise<void> {
    this.#at = to;
    await this.finishEnded();
  }

  /** Closes the files that have all their bytes; of empty ones there is nothing else to hear. */
  async finishEnded(): Promise<void> {
    while (this.#roots.length < this.#fresh.files.length && this.#fresh.end(this.#roots.length) <= this.#at) {
      const index = this.#roots.length;
      const root = this.#wholeRoot ?? this.#hasher?.digest().piecesRoot ?? new Uint8Array(HASH_LENGTH_BYTES);
      this.#wholeRoot = undefined;
      this.#hasher = undefined;
      this.#roots.push(this.#faults.of(index) ? undefined : root);
      await this.#compareRoot(index, root);
      if (index + 1 === this.#groupEnds[this.#group]) await this.#finishGroup(index + 1);
    }
  }

  #expectedRoot(index: number): Uint8Array | undefined {
    return this.#expectedRoots?.get(this.#fresh.files[index]?.path ?? '');
  }

  async #compareRoot(index: number, root: Uint8Array): Promise<void> {
    const expected = this.#expectedRoot(index);
    if (!expected || this.#faults.of(index) || sameBytes(root, expected)) return;
    this.#faults.fail(index, await this.#mismatch());
  }

  async #finishGroup(end: number): Promise<void> {
    const begin = this.#groupEnds[this.#group - 1] ?? 0;
    const unchecked: number[] = [];
    for (let index = begin; index < end; index += 1) {
      const isEmpty = this.#fresh.files[index]?.lengthBytes === 0;
      if (!isEmpty && !this.#expectedRoot(index) && !this.#faults.of(index)) unchecked.push(index);
    }
    if (unchecked.length > 0) await this.#checkGroup(begin, end, unchecked);
    this.#group += 1;
    for (let index = begin; index < end; index += 1) await this.#report(index);
  }

  async #checkGroup(begin: number, end: number, unchecked: readonly number[]): Promise<void> {
    const roots: Uint8Array[] = [];
    let failed: string | undefined;
    for (let index = begin; index < end; index += 1) {
      const file = this.#fresh.files[index];
      if (this.#faults.of(index)) failed ??= file?.path;
      const root = this.#roots[index];
      if (root && file && file.lengthBytes > 0) roots.push(root);
    }
    const check = this.#checks.subarray(this.#group * CHECK_BYTES, (this.#group + 1) * CHECK_BYTES);
    if (failed === undefined && sameBytes(checkOf(...roots), check)) return;
    const failure: FileFailure =
      failed === undefined
        ? await this.#mismatch()
        : {
            code: 'depends_on_failed',
            message: `it can be checked only together with ${JSON.stringify(failed)}, which failed`,
            path: failed,
          };
    for (const index of unchecked) this.#faults.fail(index, failure);
  }

  async #report(index: number): Promise<void> {
    const file = this.#fresh.files[index];
    if (!file) return;
    const failure = this.#faults.of(index);
    const piecesRoot = this.#roots[index];
    const result: FileResult =
      failure || !piecesRoot
        ? { status: 'failed', file, failure: failure ?? { code: 'patch_damaged', message: 'it was not made' } }
        : { status: 'done', file, piecesRoot };
    this.results.push(result);
    await this.#ports.finish(result);
  }

  /** Why bytes were made that are not the right ones, though the patch is whole. */
  async #mismatch(): Promise<FileFailure> {
    const culprit = await this.#sources.checkSources();
    return culprit
      ? {
          code: 'source_mismatch',
          message: `the old file ${JSON.stringify(culprit.path)} is not as it was released`,
          path: culprit.path,
        }
      : { code: 'content_mismatch', message: 'it is not what it should be; an old file is not as it was released' };
  }
}
