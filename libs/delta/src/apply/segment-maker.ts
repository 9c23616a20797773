import { OP_ADD, OP_LITERAL } from '../coding/op-kind.ts';
import { DeltaError } from '../delta-error.ts';
import type { StreamCursor } from '../format/stream-cursor.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { ContentArena } from './content-arena.ts';
import type { Faults } from './faults.ts';
import {
  MAKE_BAD_LENGTH,
  MAKE_BAD_SOURCE,
  MAKE_DONE,
  MAKE_LONG_COPY,
  MAKE_NO_PAGE,
  MAKE_PART,
  STREAM_NAMES,
  type Operations,
} from './operations.ts';
import type { FileFailure } from './ports.ts';
import type { SourceReader } from './source-reader.ts';
import { StreamWindow, WINDOW_BYTES } from './stream-window.ts';

const DAMAGED: FileFailure = { code: 'patch_damaged', message: 'the patch is damaged where its bytes are' };

/**
 * Makes a segment in the arena. Operations are carried out by `assembly/operations.ts` until one lacks something: bytes of a stream, a page
 * of content, or somebody to look at what failed. Nothing waits but for those.
 */
export class SegmentMaker {
  readonly #arena: ContentArena;
  readonly #operations: Operations;
  readonly #sources: SourceReader;
  readonly #faults: Faults;
  readonly #oldBytes: number;
  readonly #windows: readonly StreamWindow[];
  readonly #literals: StreamWindow;
  readonly #differences: StreamWindow;
  /** Bytes that are being read to where they go. */
  #reading = 0;
  #wait: (() => Promise<void>) | undefined;

  /** @param parts.streams As `encodeSegment` gives them. @throws {DeltaError} `bad_patch` */
  constructor(parts: {
    readonly streams: readonly StreamCursor[];
    readonly arena: ContentArena;
    readonly sources: SourceReader;
    readonly faults: Faults;
    readonly oldBytes: number;
    readonly begin: number;
    readonly end: number;
  }) {
    const { streams, arena, oldBytes } = parts;
    const rooms = arena.windowRooms();
    this.#windows = rooms.flatMap((room, index) => (streams[index] ? [new StreamWindow(streams[index], room)] : []));
    const [, , , literals, differences] = this.#windows;
    if (!literals || !differences || streams.length !== STREAM_NAMES.length) {
      throw new DeltaError(
        'bad_patch',
        `read a segment: found ${streams.length} streams, ${STREAM_NAMES.length} are wanted`,
      );
    }
    this.#literals = literals;
    this.#differences = differences;
    this.#arena = arena;
    this.#sources = parts.sources;
    this.#faults = parts.faults;
    this.#oldBytes = oldBytes;
    this.#operations = arena.operations;
    const { at, segmentEnd, left, sourceEnd, lastAlignment, earlierAlignment, earliestAlignment } = this.#operations;
    at.value = oldBytes + parts.begin;
    segmentEnd.value = oldBytes + parts.end;
    for (const variable of [left, sourceEnd, lastAlignment, earlierAlignment, earliestAlignment]) variable.value = 0;
  }

  /** Up to which place of new content all is made. */
  get at(): number {
    return this.#operations.at.value - this.#oldBytes;
  }

  /** Makes the bytes up to a place of the arena's batch. False when it must `wait` before it goes on. @throws {DeltaError} `bad_patch` */
  makeUpTo(end: number): boolean {
    const operations = this.#operations;
    for (;;) {
      operations.isWatched.value = this.#isWatched() ? 1 : 0;
      const reason = operations.make(this.#oldBytes + end);
      if (reason === MAKE_DONE) return true;
      if (!this.#goOn(reason, end)) return false;
    }
  }

  /** Brings what was lacking. @throws {DeltaError} `bad_patch` when there is no more */
  async wait(): Promise<void> {
    const wait = this.#wait;
    this.#wait = undefined;
    await wait?.();
  }

  /** Whether what is made may have to fail. */
  #isWatched(): boolean {
    return this.#faults.areAny || this.#literals.isLost || this.#differences.isLost;
  }

  /** Does what the operations stopped for. False when it takes a `wait`. */
  #goOn(reason: number, end: number): boolean {
    const window = this.#windows[reason - 1];
    if (window) return this.#refill(window, end);
    if (reason === MAKE_NO_PAGE) return this.#bringPage();
    if (reason === MAKE_LONG_COPY) return this.#readInPlace(end);
    if (reason === MAKE_PART) this.#judgePart();
    else throw badOperation(reason, this.#operations);
    return true;
  }

  #refill(window: StreamWindow, end: number): boolean {
    const { cursor } = window;
    const isPayload = window === this.#literals || window === this.#differences;
    if (window === this.#literals && this.#operations.left.value >= WINDOW_BYTES && cursor.available > 0) {
      this.#takeLiteral(cursor, end);
      return true;
    }
    if (window.refill()) {
      if (!window.isLost || isPayload) return true;
      throw new DeltaError('bad_patch', 'read the operations of a segment: they are damaged');
    }
    this.#wait = async () => {
      if (cursor.isEnded) throw new DeltaError('bad_patch', 'read a segment: a stream ends before its operations do');
      await cursor.fill();
    };
    return false;
  }

  /** What is long goes past the window. */
  #takeLiteral(cursor: StreamCursor, end: number): void {
    const count = Math.min(this.#operations.left.value, end - this.at, cursor.available);
    this.#arena.bytes.set(cursor.buffer.subarray(cursor.at, cursor.at + count), this.#arena.placeOf(this.at));
    cursor.at += count;
    if (cursor.isLost) this.#fail(this.at, count, DAMAGED);
    this.#pass(count);
  }

  #bringPage(): boolean {
    const source = this.#operations.source.value;
    const from = source < this.#oldBytes ? source : this.#arena.newBegin + source - this.#oldBytes;
    return this.#awaitIf(this.#arena.pages.bring(from));
  }

  #readInPlace(end: number): boolean {
    const source = this.#operations.source.value;
    if (this.#reading === 0) {
      const want = Math.min(this.#operations.left.value, end - this.at);
      const target = this.#arena.placeOf(this.at);
      this.#reading = want;
      if (!this.#awaitIf(this.#sources.loadOld(source, this.#arena.bytes.subarray(target, target + want))))
        return false;
    }
    const count = this.#reading;
    this.#reading = 0;
    this.#failBySource(source, this.at, count);
    this.#operations.source.value += count;
    this.#pass(count);
    return true;
  }

  /** Fails the files of what was made last, where that is not as it should be. */
  #judgePart(): void {
    const { kind, made, source } = this.#operations;
    const count = made.value;
    const from = this.at - count;
    if (kind.value === OP_LITERAL) {
      if (this.#literals.isLost) this.#fail(from, count, DAMAGED);
      return;
    }
    if (kind.value === OP_ADD && this.#differences.isLost) this.#fail(from, count, DAMAGED);
    this.#failBySource(source.value - count, from, count);
  }

  #failBySource(source: number, from: number, count: number): void {
    if (!this.#faults.areAny) return;
    const failure = this.#faults.ofSource(source, count);
    if (failure) this.#fail(from, count, failure);
  }

  #fail(from: number, count: number, failure: FileFailure): void {
    this.#faults.failRange(from, from + count, failure);
  }

  /** Goes on behind bytes that were made here. */
  #pass(count: number): void {
    this.#operations.at.value += count;
    this.#operations.left.value -= count;
  }

  #awaitIf(work: MaybePromise<void>): boolean {
    if (work) this.#wait = () => work;
    return !work;
  }
}

function badOperation(reason: number, { source, left }: Operations): DeltaError {
  if (reason === MAKE_BAD_LENGTH) {
    return new DeltaError('bad_patch', 'read the operations of a segment: they make more than it does');
  }
  if (reason === MAKE_BAD_SOURCE) {
    return new DeltaError(
      'bad_patch',
      `read an operation: ${left.value} bytes at ${source.value} are not all there to copy`,
    );
  }
  return new DeltaError('bad_patch', 'read an operation: found a number above 2^53');
}
