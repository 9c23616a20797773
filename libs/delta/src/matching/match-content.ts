import { anchoredBytes, type Anchors, findAnchors } from './anchors.ts';
import { LITTLE_BYTES_MAX, matchEffort, type AnchorEffort, type MatchEffort } from './effort.ts';
import type { MatchInput } from './match-input.ts';
import { OpList } from './op-list.ts';
import { parse } from './parse.ts';
import { chooseWindows, type Window } from './windows.ts';

/** How much of the budget the bytes of a window are at most; the rest is for the indexes. */
const WINDOW_SHARE = 0.5;
/** A byte of a window and its share of tables that are laid out before it is known what they hold. */
const BYTES_A_BYTE = 1.5;
const ENTRY_BYTES = 4;
const ENTRIES_MIN = 65_536;
/** Of what is dealt with, how much finding anchors is. */
const ANCHOR_SHARE = 0.3;

/**
 * Finds how new is made of old and of itself with the fewest bytes. What does not fit the memory budget at once is matched a window
 * of new at a time, against the parts of old, and of new before it, that have most in common with it.
 */
export async function matchContent(input: MatchInput): Promise<OpList> {
  const effort = matchEffort(input.effort);
  const windowBytesMax = Math.floor(input.memoryBytesMax * WINDOW_SHARE);
  const ops = new OpList(input.old.length);
  if (input.new.length === 0) return ops;
  for await (const window of chooseWindows(input, windowBytesMax)) matchWindow(input, window, effort, ops);
  input.onProgress?.(input.new.length);
  return ops;
}

function matchWindow(input: MatchInput, window: Window, effort: MatchEffort, ops: OpList): void {
  const { bytes, begin } = window;
  const entriesMax = (input.memoryBytesMax - BYTES_A_BYTE * bytes.length) / ENTRY_BYTES;
  const size = bytes.length - begin;
  const report = (share: number): void => {
    input.signal?.throwIfAborted();
    input.onProgress?.(Math.floor(window.newStart + share * size));
  };
  const look = (options: AnchorEffort): Anchors =>
    findAnchors(bytes, begin, {
      ...options,
      entriesMax: Math.max(ENTRIES_MIN, Math.floor(entriesMax / 2)),
      onSlice: (at) => report((ANCHOR_SHARE * (at - begin)) / size),
    });
  let anchors = look(effort.usual.anchors);
  const search = size - anchoredBytes(anchors) <= LITTLE_BYTES_MAX ? effort.little : effort.usual;
  if (search.anchors !== effort.usual.anchors) anchors = look(search.anchors);
  const found = new OpList();
  parse(bytes, begin, anchors, found, {
    ...search.parse,
    entriesMax: Math.max(ENTRIES_MIN, Math.floor(entriesMax / (search.parse.indexes.length + 1))),
    onSlice: (at) => report(ANCHOR_SHARE + ((1 - ANCHOR_SHARE) * (at - begin)) / size),
  });
  window.place(found, ops);
}
