import { Buffer } from 'node:buffer';

import { ByteWriter } from './byte-writer.ts';
import { LINE_ENDS } from './line-ends.ts';
import type { List } from '../list.ts';
import { ENTRY_KINDS, type Listing, type PatchEntry, type Segment, type SourceView } from './listing.ts';
import { CHUNK_METHODS } from './methods.ts';

/** The listing as it is before compression: docs/formats/patch.md, "Listing". */
export function encodeListing(listing: Listing): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(listing.oldFileCount);
  writer.varint(listing.oldTreeBytes);
  writer.varint(listing.newFileCount);
  writer.varint(listing.newTreeBytes);
  writer.raw(listing.oldShape);
  writer.raw(listing.newContent);
  writeRising(writer, listing.removed);
  writeRising(writer, listing.sources);
  writer.varint(listing.oldBytes);
  writeViews(writer, listing.views);
  writeEntries(writer, listing.entries);
  writer.raw(listing.checks);
  writer.varint(listing.segments.length);
  for (const segment of listing.segments) writeSegment(writer, segment);
  return writer.bytes;
}

function writeRising(writer: ByteWriter, indexes: readonly number[]): void {
  writer.varint(indexes.length);
  let next = 0;
  for (const index of indexes) {
    writer.varint(index - next);
    next = index + 1;
  }
}

function writeViews(writer: ByteWriter, views: readonly SourceView[]): void {
  writeRising(
    writer,
    views.map((view) => view.place),
  );
  for (const { ends } of views) writer.byte(LINE_ENDS.indexOf(ends));
  for (const { lengthBytes } of views) writer.varint(lengthBytes);
}

/** Column by column, so that alike stands beside alike. */
function writeEntries(writer: ByteWriter, entries: List<PatchEntry>): void {
  writer.varint(entries.length);
  for (const entry of entries) writer.byte(flagsOf(entry));
  writePaths(
    writer,
    Array.from(entries, (entry) => entry.path),
  );
  for (const { content } of entries) if (content.kind === 'written') writer.varint(content.lengthBytes);
  let next = 0;
  for (const { content } of entries) {
    if (content.kind !== 'old') continue;
    writer.signedVarint(content.index - next);
    next = content.index + 1;
  }
  for (const { content } of entries) if (content.kind === 'twin') writer.varint(content.index);
  for (const { content } of entries) if (content.kind === 'link') writer.text(content.symlink);
}

function flagsOf({ content, executable, replaces }: PatchEntry): number {
  return ENTRY_KINDS.indexOf(content.kind) + (executable ? 4 : 0) + (replaces ? 8 : 0);
}

/** Each path without the bytes that it shares with the one before. */
function writePaths(writer: ByteWriter, paths: readonly string[]): void {
  const shared: number[] = [];
  const tails: Uint8Array[] = [];
  let before = Buffer.alloc(0);
  for (const path of paths) {
    const bytes = Buffer.from(path);
    let count = 0;
    while (count < bytes.length && count < before.length && bytes[count] === before[count]) count += 1;
    shared.push(count);
    tails.push(bytes.subarray(count));
    before = bytes;
  }
  for (const count of shared) writer.varint(count);
  for (const tail of tails) {
    writer.raw(tail);
    writer.byte(0);
  }
}

function writeSegment(writer: ByteWriter, segment: Segment): void {
  writer.varint(segment.newBytes);
  writer.varint(segment.streams.length);
  for (const chunks of segment.streams) {
    writer.varint(chunks.length);
    for (const { method, rawBytes, storedBytes, check } of chunks) {
      writer.byte(CHUNK_METHODS.indexOf(method));
      writer.varint(rawBytes);
      writer.varint(storedBytes);
      writer.raw(check);
    }
  }
}
