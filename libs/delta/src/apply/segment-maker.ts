import type { SegmentDecoder } from '../coding/index.ts';
import { DeltaError } from '../delta-error.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { ContentArena } from './content-arena.ts';
import type { Faults } from './faults.ts';
import { PAGE_BYTES } from './page-cache.ts';
import type { FileFailure } from './ports.ts';
import type { SourceReader } from './source-reader.ts';

/** Below this, a loop is faster than a call to copy. */
const BYTES_PER_COPY_CALL = 48;
const WORD_BYTES = 4;
/** A loop copies so much at a time. */
const STEP_BYTES: number = 4 * WORD_BYTES;
/** What is at least so long is read to where it goes. */
const BYTES_PER_READ = 64 * 1024;

const DAMAGED: FileFailure = { code: 'patch_damaged', message: 'the patch is damaged where its bytes are' };

/** Carries out the operations of a segment in the arena. Nothing waits but where a stream runs dry or content must be read. */
export class SegmentMaker {
  readonly #decoder: SegmentDecoder;
  readonly #arena: ContentArena;
  readonly #words: DataView;
  readonly #sources: SourceReader;
  readonly #faults: Faults;
  readonly #oldBytes: number;
  readonly #end: number;
  #at: number;
  /** Where in the arena the next bytes are made, and where those end that may be. */
  #target = 0;
  #targetEnd = 0;
  /** Of the decoder's operation, what is not made. */
  #left = 0;
  /** Where the next bytes of the operation come from. */
  #source = 0;
  /** Where in the arena they are. */
  #place = 0;
  /** Bytes that are being read to where they go. */
  #reading = 0;
  #wait: Promise<void> | undefined;

  constructor(parts: {
    readonly decoder: SegmentDecoder;
    readonly arena: ContentArena;
    readonly sources: SourceReader;
    readonly faults: Faults;
    readonly oldBytes: number;
    readonly begin: number;
    readonly end: number;
  }) {
    this.#decoder = parts.decoder;
    this.#arena = parts.arena;
    this.#words = new DataView(parts.arena.bytes.buffer);
    this.#sources = parts.sources;
    this.#faults = parts.faults;
    this.#oldBytes = parts.oldBytes;
    this.#at = parts.begin;
    this.#end = parts.end;
  }

  /** Up to which place of new content all is made. */
  get at(): number {
    return this.#at;
  }

  /** Makes the bytes up to a place of the arena's batch. False when it must `wait` before it goes on. @throws {DeltaError} `bad_patch` */
  makeUpTo(end: number): boolean {
    const decoder = this.#decoder;
    this.#target = this.#arena.placeOf(this.#at);
    this.#targetEnd = this.#target + end - this.#at;
    while (this.#at < end) {
      if (this.#left === 0) {
        if (!decoder.next()) return false;
        if (decoder.length > this.#end - this.#at) {
          throw new DeltaError('bad_patch', 'read the operations of a segment: they make more than it does');
        }
        this.#left = decoder.length;
        this.#source = decoder.source;
      }
      const want = Math.min(this.#left, end - this.#at);
      const count = decoder.kind === 'literal' ? this.#literal(want) : this.#take(want);
      if (count === 0) return false;
      this.#at += count;
      this.#target += count;
      this.#source += count;
      this.#left -= count;
    }
    return true;
  }

  /** Brings what was lacking. @throws {DeltaError} `bad_patch` when there is no more */
  async wait(): Promise<void> {
    const wait = this.#wait;
    this.#wait = undefined;
    await (wait ?? this.#decoder.fill());
  }

  #literal(want: number): number {
    const decoder = this.#decoder;
    const count = decoder.literal(this.#arena.bytes, this.#target, want);
    if (decoder.isLost && count > 0) this.#fail(count, DAMAGED);
    return count;
  }

  /** Copies from the source, with differences where there are some. @returns How much there was; 0 when it must wait. */
  #take(want: number): number {
    const isAdd = this.#decoder.kind === 'add';
    if (!isAdd && want >= BYTES_PER_READ && this.#source < this.#oldBytes) return this.#readInPlace(want);
    const count = this.#find(want);
    if (count === 0) return 0;
    const made = isAdd ? this.#add(count) : this.#copy(count);
    if (this.#faults.areAny && made > 0) {
      const failure = this.#faults.ofSource(this.#source, made);
      if (failure) this.#fail(made, failure);
    }
    return made;
  }

  /** Finds where in the arena the source is. @returns How much of it lies there in one piece; 0 when it must wait. */
  #find(want: number): number {
    const source = this.#source;
    if (source < this.#oldBytes) return this.#findPage(source, want);
    const from = source - this.#oldBytes;
    if (!this.#arena.isRecent(from)) return this.#findPage(this.#arena.newBegin + from, want);
    const { recentBytes } = this.#arena;
    const place = this.#target - (this.#at - from);
    this.#place = place < 0 ? place + recentBytes : place;
    return Math.min(want, recentBytes - this.#place);
  }

  #findPage(from: number, want: number): number {
    const { pages } = this.#arena;
    let place = pages.find(from);
    if (place < 0) {
      const loading = pages.load(from);
      if (loading) {
        this.#wait = loading;
        return 0;
      }
      place = pages.find(from);
    }
    this.#place = place;
    return Math.min(want, PAGE_BYTES - (from % PAGE_BYTES));
  }

  #readInPlace(want: number): number {
    if (this.#reading === 0) {
      const reading: MaybePromise<void> = this.#sources.loadOld(
        this.#source,
        this.#arena.bytes.subarray(this.#target, this.#target + want),
      );
      this.#reading = want;
      if (reading) {
        this.#wait = reading;
        return 0;
      }
    }
    const count = this.#reading;
    this.#reading = 0;
    if (this.#faults.areAny) {
      const failure = this.#faults.ofSource(this.#source, count);
      if (failure) this.#fail(count, failure);
    }
    return count;
  }

  #copy(want: number): number {
    const from = this.#place;
    const to = this.#target;
    const distance = this.#oldBytes + this.#at - this.#source;
    const { bytes } = this.#arena;
    if (want < BYTES_PER_COPY_CALL || distance < BYTES_PER_COPY_CALL) {
      // Whole steps may copy more than is wanted: what is made next goes over it.
      if (distance >= WORD_BYTES && to + want + STEP_BYTES <= this.#targetEnd) copySteps(this.#words, from, to, want);
      else copyForward(bytes, from, to, want);
      return want;
    }
    // What overlaps repeats itself: each call copies what is made by then.
    const count = Math.min(want, distance);
    bytes.copyWithin(to, from, from + count);
    return count;
  }

  #add(want: number): number {
    const decoder = this.#decoder;
    const count = decoder.difference(this.#arena.bytes, this.#place, this.#target, want);
    if (decoder.isLost && count > 0) this.#fail(count, DAMAGED);
    return count;
  }

  #fail(count: number, failure: FileFailure): void {
    this.#faults.failRange(this.#at, this.#at + count, failure);
  }
}

/** In words, which is faster than by bytes and without a branch for each; what overlaps by a word or more repeats itself. */
function copySteps(words: DataView, from: number, to: number, count: number): void {
  for (let at = 0; at < count; at += STEP_BYTES) {
    words.setUint32(to + at, words.getUint32(from + at, true), true);
    words.setUint32(to + at + 4, words.getUint32(from + at + 4, true), true);
    words.setUint32(to + at + 8, words.getUint32(from + at + 8, true), true);
    words.setUint32(to + at + 12, words.getUint32(from + at + 12, true), true);
  }
}

/** Byte by byte: what overlaps repeats itself. */
function copyForward(bytes: Uint8Array, from: number, to: number, count: number): void {
  for (let index = 0; index < count; index += 1) bytes[to + index] = bytes[from + index] ?? 0;
}
