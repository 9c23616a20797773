// AssemblyScript; `node tools/operations-module.mjs` makes `src/apply/operations-module.ts` of it.
// Carries out the operations of a segment (docs/formats/patch.md, "Segments"). They are millions, of fifteen bytes each: one call more for
// each is seen in the time that a patch takes. What takes long by itself, or may fail otherwise, is left to who calls.

/** Why `make` returned. */
const DONE = 0;
/** A stream has too few bytes at hand; 1 to 5, in the order of the streams. */
const DRY_CODES = 1;
const DRY_LENGTHS = 2;
const DRY_PLACES = 3;
const DRY_LITERALS = 4;
const DRY_DIFFERENCES = 5;
/** The page with what is at `source` is not at hand. */
const NO_PAGE = 6;
/** A copy of old content that is long enough to be read to where it goes. */
const LONG_COPY = 7;
/** `made` more bytes are there, and are looked at before it goes on. */
const PART = 8;
const BAD_LENGTH = 9;
const BAD_SOURCE = 10;
const BAD_NUMBER = 11;

const LITERAL = 0;
const ADD = 1;
const COPY_CONTINUED = 2;
const COPY_ALIGNED = 3;
const COPY_EARLIER = 4;
const COPY_EARLIEST = 5;
const COPY_JUMP = 6;

const LENGTH_BITS = 5;
const LENGTH_LONG = 31;

const NUMBER_MAX: i64 = 9007199254740991;
const NUMBER_SHIFT_MAX: i64 = 49;
/** What `readNumber` gives for no number. */
const UNFINISHED: i64 = -1;
const TOO_LARGE: i64 = -2;

const WORD_BYTES: i64 = 8;
/** A loop copies so much at a time: of most operations all, without a branch that depends on their length. */
const STEP_BYTES: i64 = 16;
/** What is longer is copied faster by a call. */
const LOOP_BYTES_MAX: i64 = 64;
const LONG_COPY_BYTES: i64 = 65536;
const PAGE_BITS: i64 = 15;
const PAGE_BYTES: i64 = 32768;

// Addresses and lengths of content: numbers of JavaScript, whole and below 2^53.

/** Address of the next byte to make. */
export let at: f64 = 0;
export let segmentEnd: f64 = 0;
/** Where new content begins. */
export let oldBytes: f64 = 0;
/** Of the operation at hand: where its next bytes come from, and how many it has left. */
export let source: f64 = 0;
export let left: f64 = 0;
export let sourceEnd: f64 = 0;
export let lastAlignment: f64 = 0;
export let earlierAlignment: f64 = 0;
export let earliestAlignment: f64 = 0;
/** New content from this address on is where it was made: at its place modulo `recentBytes`. */
export let recentFrom: f64 = 0;
export let recentBytes: f64 = 0;
/** Where in the content that pages are of new content begins. */
export let pagedNewBegin: f64 = 0;

export let kind: i32 = 0;
export let made: i32 = 0;
/** Not 0 to return after each part of an operation. */
export let isWatched: i32 = 0;

// Places in memory.

/** Bytes of the streams: at hand are those from here to there. */
export let codesAt: usize = 0;
export let codesEnd: usize = 0;
export let lengthsAt: usize = 0;
export let lengthsEnd: usize = 0;
export let placesAt: usize = 0;
export let placesEnd: usize = 0;
export let literalsAt: usize = 0;
export let literalsEnd: usize = 0;
export let differencesAt: usize = 0;
export let differencesEnd: usize = 0;
/** By the lowest bits of a page's number: f64 numbers of pages, and u32 where they are. */
export let pageNumbersAt: usize = 0;
export let pagePlacesAt: usize = 0;
export let pageMask: i32 = 0;
/** u8 for each page from `pagesBegin` on: 1 once it is used. */
export let pagesUsedAt: usize = 0;
export let pagesBegin: usize = 0;

/** Where the number ends that was read last. */
let numberEnd: usize = 0;

/** Makes content up to an address. @returns Why no further */
export function make(batchEnd: f64): i32 {
  const end = <i64>batchEnd;
  const old = <i64>oldBytes;
  const recent = <i64>recentBytes;
  const recentBegin = <i64>recentFrom;
  const pagedNew = <i64>pagedNewBegin - old;
  let now = <i64>at;
  let target = <usize>((now - old) % recent);
  const targetEnd = target + <usize>(end - now);
  let from = <i64>source;
  let rest = <i64>left;
  let lastEnd = <i64>sourceEnd;
  let last = <i64>lastAlignment;
  let earlier = <i64>earlierAlignment;
  let earliest = <i64>earliestAlignment;
  let operation = kind;
  let codes = codesAt;
  let literals = literalsAt;
  let reason = DONE;

  while (now < end) {
    if (rest == 0) {
      if (codes == codesEnd) {
        reason = DRY_CODES;
        break;
      }
      const code = <i32>load<u8>(codes);
      operation = code >> LENGTH_BITS;
      let length = <i64>(code & LENGTH_LONG) + 1;
      let lengths = lengthsAt;
      if (length > LENGTH_LONG) {
        const more = readNumber(lengths, lengthsEnd);
        if (more < 0) {
          reason = more == UNFINISHED ? DRY_LENGTHS : BAD_NUMBER;
          break;
        }
        lengths = numberEnd;
        length += more;
      }
      if (operation != LITERAL) {
        let begin = lastEnd;
        if (operation == COPY_ALIGNED) begin = now - last;
        else if (operation == COPY_EARLIER) begin = now - earlier;
        else if (operation == COPY_EARLIEST) begin = now - earliest;
        else if (operation >= COPY_JUMP) {
          const place = readNumber(placesAt, placesEnd);
          if (place < 0) {
            reason = place == UNFINISHED ? DRY_PLACES : BAD_NUMBER;
            break;
          }
          placesAt = numberEnd;
          begin = operation == COPY_JUMP ? lastEnd + ((place >> 1) ^ -(place & 1)) : now - place;
        }
        const isOld = begin >= 0 && begin + length <= old;
        const isNew = begin >= old && begin < now;
        if (!isOld && !isNew) {
          from = begin;
          rest = length;
          reason = BAD_SOURCE;
          break;
        }
        const alignment = now - begin;
        if (operation != ADD && alignment != last) {
          if (alignment != earlier) earliest = earlier;
          earlier = last;
          last = alignment;
        }
        from = begin;
        lastEnd = begin + length;
      }
      if (length > <i64>segmentEnd - now) {
        reason = BAD_LENGTH;
        break;
      }
      codes += 1;
      lengthsAt = lengths;
      rest = length;
    }

    let count = min(rest, end - now);
    const isFarFromEnd = target + <usize>(count + STEP_BYTES) <= targetEnd;
    if (operation == LITERAL) {
      const there = <i64>(literalsEnd - literals);
      if (there == 0) {
        reason = DRY_LITERALS;
        break;
      }
      count = min(count, there);
      if (count > LOOP_BYTES_MAX) memory.copy(target, literals, <usize>count);
      else if (isFarFromEnd) copyWords(target, literals, count);
      else copyBytes(target, literals, count);
      literals += <usize>count;
    } else {
      const distance = now - from;
      let place: usize;
      if (from >= recentBegin) {
        const before = <i64>target - distance;
        const recentPlace = before < 0 ? before + recent : before;
        count = min(count, recent - recentPlace);
        place = <usize>recentPlace;
      } else {
        if (operation != ADD && from < old && count >= LONG_COPY_BYTES) {
          reason = LONG_COPY;
          break;
        }
        const paged = from < old ? from : from + pagedNew;
        const page = paged >> PAGE_BITS;
        const slot = (<i32>page) & pageMask;
        if (load<f64>(pageNumbersAt + (slot << 3)) != <f64>page) {
          reason = NO_PAGE;
          break;
        }
        const pageBegin = <usize>load<u32>(pagePlacesAt + (slot << 2));
        store<u8>(pagesUsedAt + ((pageBegin - pagesBegin) >> (<usize>PAGE_BITS)), 1);
        const inPage = paged & (PAGE_BYTES - 1);
        count = min(count, PAGE_BYTES - inPage);
        place = pageBegin + <usize>inPage;
      }
      if (operation == ADD) {
        count = min(count, <i64>(differencesEnd - differencesAt));
        if (count == 0) {
          reason = DRY_DIFFERENCES;
          break;
        }
        addBytes(target, place, differencesAt, count);
        differencesAt += <usize>count;
      } else if (count <= LOOP_BYTES_MAX || distance <= LOOP_BYTES_MAX) {
        if (isFarFromEnd && distance >= WORD_BYTES) copyWords(target, place, count);
        else copyBytes(target, place, count);
      } else {
        // What overlaps repeats itself: each call copies what is made by then.
        count = min(count, distance);
        memory.copy(target, place, <usize>count);
      }
      from += count;
    }
    now += count;
    target += <usize>count;
    rest -= count;
    if (isWatched != 0) {
      made = <i32>count;
      reason = PART;
      break;
    }
  }

  at = <f64>now;
  source = <f64>from;
  left = <f64>rest;
  sourceEnd = <f64>lastEnd;
  lastAlignment = <f64>last;
  earlierAlignment = <f64>earlier;
  earliestAlignment = <f64>earliest;
  kind = operation;
  codesAt = codes;
  literalsAt = literals;
  return reason;
}

function min(left: i64, right: i64): i64 {
  return left < right ? left : right;
}

/** A number of a stream, if it ends before `end`; `numberEnd` then says where. */
function readNumber(from: usize, end: usize): i64 {
  let value: i64 = 0;
  for (let shift: i64 = 0; shift <= NUMBER_SHIFT_MAX; shift += 7) {
    if (from == end) return UNFINISHED;
    const byte = <i64>load<u8>(from);
    from += 1;
    value |= (byte & 127) << shift;
    if (byte > 127) continue;
    numberEnd = from;
    return value > NUMBER_MAX ? TOO_LARGE : value;
  }
  return TOO_LARGE;
}

/** Up to fifteen bytes more than are wanted: what is made next goes over them. What overlaps by a word or more repeats itself. */
function copyWords(target: usize, from: usize, count: i64): void {
  const end = target + <usize>count;
  do {
    store<u64>(target, load<u64>(from));
    store<u64>(target + <usize>WORD_BYTES, load<u64>(from + <usize>WORD_BYTES));
    target += <usize>STEP_BYTES;
    from += <usize>STEP_BYTES;
  } while (target < end);
}

function copyBytes(target: usize, from: usize, count: i64): void {
  for (let index: usize = 0; index < <usize>count; index += 1) store<u8>(target + index, load<u8>(from + index));
}

function addBytes(target: usize, from: usize, differences: usize, count: i64): void {
  for (let index: usize = 0; index < <usize>count; index += 1) {
    store<u8>(target + index, load<u8>(from + index) + load<u8>(differences + index));
  }
}
