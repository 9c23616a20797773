import { blockHashesOf, HASH_LENGTH_BYTES, MerkleHasher, piecesRootFromBlocks } from '@swarmpatch/merkle';

import { checkOf } from '../format/frame.ts';
import { CHECK_BYTES, groupEnds } from '../format/listing.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { NewFile } from '../new-tree.ts';
import { sameBytes } from '../same-bytes.ts';
import type { Faults } from './faults.ts';
import type { FileSpan, PlacedFiles } from './placed-files.ts';
import type { ApplyPorts, FailedFile, FileFailure, FileResult } from './ports.ts';
import type { SourceReader } from './source-reader.ts';

/** Bytes that were handed on and may not be written yet. */
interface Batch {
  readonly end: number;
  readonly writing: Promise<readonly PromiseSettledResult<void>[]> | undefined;
}

/** Cuts what is made into files, hashes and writes them, and says what became of each once it is checked. */
export class FileWriter {
  readonly failed: FailedFile[] = [];
  readonly #fresh: PlacedFiles<NewFile>;
  readonly #faults: Faults;
  readonly #sources: SourceReader;
  readonly #ports: ApplyPorts;
  readonly #expectedRoots: ReadonlyMap<string, Uint8Array> | undefined;
  readonly #checks: Uint8Array;
  readonly #groupEnds: readonly number[];
  /** One after another, in the order of the files; zeros where there is none. */
  readonly #roots: Uint8Array;
  readonly #batches: Batch[] = [];
  #hasher: MerkleHasher | undefined;
  #group = 0;
  #finished = 0;
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
    this.#groupEnds = groupEnds(Array.from(parts.fresh.files, (file) => file.lengthBytes));
    this.#roots = new Uint8Array(parts.fresh.files.length * HASH_LENGTH_BYTES);
  }

  /** How much was handed on or given up. */
  get at(): number {
    return this.#at;
  }

  /** Takes the next bytes of new, which stay as they are until they are settled. */
  put(bytes: Uint8Array): void {
    const begin = this.#at;
    const writing: Promise<void>[] = [];
    this.#at += bytes.length;
    try {
      for (const span of this.#fresh.spans(begin, this.#at)) {
        const part = bytes.subarray(span.at - begin, span.at - begin + span.to - span.from);
        const written = this.#putPart(span, part);
        if (written) writing.push(written);
      }
    } finally {
      this.#batches.push({ end: this.#at, writing: writing.length > 0 ? Promise.allSettled(writing) : undefined });
    }
  }

  #putPart({ index, from, to }: FileSpan, part: Uint8Array): MaybePromise<void> {
    const file = this.#fresh.at(index);
    if (!file || this.#faults.of(index)) return undefined;
    // Most files come whole, and are hashed without a hasher's buffers.
    if (part.length === file.lengthBytes) {
      this.#rootAt(index).set(piecesRootFromBlocks(blockHashesOf(part)));
    } else {
      if (from === 0) this.#hasher = new MerkleHasher();
      this.#hasher?.update(part);
      if (this.#hasher && to === file.lengthBytes) this.#rootAt(index).set(this.#hasher.digest().piecesRoot);
    }
    return this.#ports.write(file, from, part);
  }

  /** Passes over bytes that cannot be made; their files have failed. */
  skip(to: number): void {
    this.#at = to;
    this.#batches.push({ end: to, writing: undefined });
  }

  /**
   * Waits until no more than the last batches are being written, and closes the files that are.
   *
   * @throws What the ports' `write` and `finish` throw.
   */
  async settle(batchesMax: number): Promise<void> {
    while (this.#batches.length > batchesMax) {
      const batch = this.#batches.shift();
      const written = await batch?.writing;
      for (const outcome of written ?? []) if (outcome.status === 'rejected') throw outcome.reason;
      await this.finishEnded(batch?.end ?? 0);
    }
  }

  /** Waits until nothing is being written, whatever came of it. */
  async quiet(): Promise<void> {
    for (const { writing } of this.#batches) await writing;
  }

  /** Closes the files that have all their bytes; of empty ones there is nothing else to hear. */
  async finishEnded(at: number): Promise<void> {
    const { files } = this.#fresh;
    while (this.#finished < files.length && this.#fresh.end(this.#finished) <= at) {
      const index = this.#finished;
      this.#finished += 1;
      await this.#compareRoot(index);
      if (this.#finished === this.#groupEnds[this.#group]) await this.#finishGroup(this.#finished);
    }
  }

  #rootAt(index: number): Uint8Array {
    return this.#roots.subarray(index * HASH_LENGTH_BYTES, (index + 1) * HASH_LENGTH_BYTES);
  }

  #expectedRoot(index: number): Uint8Array | undefined {
    return this.#expectedRoots?.get(this.#fresh.at(index)?.path ?? '');
  }

  async #compareRoot(index: number): Promise<void> {
    const expected = this.#expectedRoot(index);
    if (!expected || this.#faults.of(index) || sameBytes(this.#rootAt(index), expected)) return;
    this.#faults.fail(index, await this.#mismatch());
  }

  async #finishGroup(end: number): Promise<void> {
    const begin = this.#groupEnds[this.#group - 1] ?? 0;
    const unchecked: number[] = [];
    for (let index = begin; index < end; index += 1) {
      const isEmpty = this.#fresh.at(index)?.lengthBytes === 0;
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
      const file = this.#fresh.at(index);
      if (this.#faults.of(index)) failed ??= file?.path;
      if (file && file.lengthBytes > 0) roots.push(this.#rootAt(index));
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
    const file = this.#fresh.at(index);
    if (!file) return;
    const failure = this.#faults.of(index);
    const result: FileResult = failure
      ? { status: 'failed', file, failure }
      : { status: 'done', file, piecesRoot: this.#rootAt(index) };
    if (result.status === 'failed') this.failed.push(result);
    const finishing = this.#ports.finish(result);
    if (finishing) await finishing;
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
