import { Buffer } from 'node:buffer';
import { lstatSync, readlinkSync } from 'node:fs';
import { sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { HASH_LENGTH_BYTES } from '@swarmpatch/merkle';
import { linkTextTo, pathInDownload, targetOfLink } from '@swarmpatch/metainfo';
import type { Metainfo, TorrentFile } from '@swarmpatch/metainfo';

import { CheckReport, MISSING_CODES } from './check-report.ts';
import type { CheckedFiles } from './check-report.ts';
import type { HashProgress } from './hash-files.ts';
import type { HashJob, PartsJob, StreamResult } from './hash-job.ts';
import { HashPool } from './hash-pool.ts';
import { batchParts, piecesPerPart, placesOf, unpackParts } from './part-batches.ts';
import type { FileToHash, PartPlace } from './part-batches.ts';
import { systemCode, unreadable } from './scan-error.ts';
import { streamJobs } from './spanning-pieces.ts';
import type { StreamPlace } from './spanning-pieces.ts';

const FILES_PER_TURN = 500;

export interface CheckFilesOptions {
  readonly onProgress?: ((progress: HashProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: one for this call. */
  readonly pool?: HashPool | undefined;
  /** Pieces outside may be left unread, and are then in no list of the report. */
  readonly onlyPieces?: ((piece: number) => boolean) | undefined;
}

/**
 * Compares files on disk with a torrent: by v2 hashes where it has them all, else by v1 hashes.
 *
 * @param locate Absolute path of a file; undefined counts as missing.
 * @throws {ScanError} `unreadable` for a file that is there but cannot be read
 */
export async function checkFiles(
  metainfo: Metainfo,
  locate: (fileIndex: number) => string | undefined,
  options: CheckFilesOptions = {},
): Promise<CheckedFiles> {
  const report = new CheckReport(metainfo);
  const files = await findFiles(metainfo, locate, report, options.signal);
  const pool = options.pool ?? new HashPool();
  try {
    await (hasEveryRoot(metainfo)
      ? checkV2(pool, metainfo, files, report, options)
      : checkV1(pool, metainfo, files, report, options));
    return report.result();
  } finally {
    if (pool !== options.pool) await pool.close();
  }
}

function hasEveryRoot({ format, files, pieceHashes, pieceLengthBytes }: Metainfo): boolean {
  return (
    format !== 'v1' && files.every((file, index) => file.lengthBytes <= pieceLengthBytes || pieceHashes.layers[index])
  );
}

/** Settles links and empty files, which no piece covers, and says where the others are. */
async function findFiles(
  metainfo: Metainfo,
  locate: (fileIndex: number) => string | undefined,
  report: CheckReport,
  signal: AbortSignal | undefined,
): Promise<(FileToHash | undefined)[]> {
  const found: (FileToHash | undefined)[] = [];
  for (const [index, file] of metainfo.files.entries()) {
    if (index % FILES_PER_TURN === 0) await setImmediate();
    signal?.throwIfAborted();
    const absolutePath = locate(index);
    if (absolutePath === undefined) report.miss(index);
    else if (file.lengthBytes === 0) checkEntry(file, absolutePath, index, report);
    const path = pathInDownload(metainfo, file);
    found.push(
      absolutePath === undefined || file.lengthBytes === 0
        ? undefined
        : { path, absolutePath, lengthBytes: file.lengthBytes },
    );
  }
  return found;
}

function checkEntry(file: TorrentFile, absolutePath: string, index: number, report: CheckReport): void {
  try {
    const stats = lstatSync(absolutePath);
    if (file.symlink === undefined) {
      if (!stats.isFile()) report.miss(index);
      else if (stats.size !== 0) report.damage(index);
    } else if (!stats.isSymbolicLink()) {
      report.miss(index);
    } else if (!isSameLink(file.path, file.symlink, readlinkSync(absolutePath))) {
      report.damage(index);
    }
  } catch (error) {
    const code = systemCode(error);
    if (!MISSING_CODES.has(code)) throw unreadable(file.path, code, error);
    report.miss(index);
  }
}

function isSameLink(path: string, wanted: string, text: string): boolean {
  const target = targetOfLink(path, sep === '/' ? text : text.replaceAll(sep, '/'));
  return target !== undefined && linkTextTo(path, target) === wanted;
}

async function checkV2(
  pool: HashPool,
  { geometry, pieceLengthBytes, files: wanted, pieceHashes, lengthBytes: totalBytes }: Metainfo,
  files: readonly (FileToHash | undefined)[],
  report: CheckReport,
  { onProgress, signal }: CheckFilesOptions,
): Promise<void> {
  let doneBytes = 0;
  const places = new Map<HashJob, readonly PartPlace[]>();
  for (const [fileIndex, file] of wanted.entries()) {
    if (files[fileIndex] || file.lengthBytes === 0) continue;
    markPieces(geometry.piecesOfFile(fileIndex), report);
  }
  await pool.run(
    jobs(),
    (job, result) => {
      if (result.kind !== 'parts') return;
      for (const part of unpackParts(result, places.get(job) ?? [])) {
        checkPart(part);
        doneBytes += part.lengthBytes;
      }
      places.delete(job);
      onProgress?.({ doneBytes, totalBytes });
    },
    signal,
  );

  function* jobs(): Generator<PartsJob> {
    for (const batch of batchParts(files, pieceLengthBytes)) {
      const job: PartsJob = { kind: 'parts', pieceLengthBytes, v1: 'none', parts: batch.map(({ part }) => part) };
      places.set(job, placesOf(batch));
      yield job;
    }
  }

  function checkPart(part: ReturnType<typeof unpackParts>[number]): void {
    const file = files[part.fileIndex];
    const layer = pieceHashes.layers[part.fileIndex] ?? wanted[part.fileIndex]?.piecesRoot;
    if (!file || !layer) return;
    report.read(part.fileIndex, file, part.status, part.fileLengthBytes);
    const firstOfFile = geometry.piecesOfFile(part.fileIndex).first;
    const firstOfPart = part.partIndex * piecesPerPart(pieceLengthBytes);
    const count = Math.ceil(part.lengthBytes / pieceLengthBytes);
    for (let index = 0; index < count; index += 1) {
      const isGood = sameHash(part.roots, index, layer, firstOfPart + index, HASH_LENGTH_BYTES);
      report.piece(firstOfFile + firstOfPart + index, isGood ? 'good' : 'bad');
    }
  }
}

function markPieces({ first, end }: { readonly first: number; readonly end: number }, report: CheckReport): void {
  for (let piece = first; piece < end; piece += 1) report.piece(piece, 'bad');
}

async function checkV1(
  pool: HashPool,
  { geometry, pieceHashes, files: wanted }: Metainfo,
  found: readonly (FileToHash | undefined)[],
  report: CheckReport,
  { onProgress, signal, onlyPieces }: CheckFilesOptions,
): Promise<void> {
  const { v1 } = pieceHashes;
  if (!v1) throw new Error('check files: the torrent has no hashes to compare with; its piece layers are missing');
  let doneBytes = 0;
  const places = new Map<HashJob, StreamPlace>();
  // A file that is not there still takes its place in the pieces.
  const files = wanted.map(
    (file, index) => found[index] ?? { path: file.path, absolutePath: '', lengthBytes: file.lengthBytes },
  );
  await pool.run(
    streamJobs(files, geometry, places, onlyPieces),
    (job, result) => {
      const place = places.get(job);
      if (result.kind !== 'stream' || !place) return;
      places.delete(job);
      checkStream(place, result);
      doneBytes += place.lengthBytes;
      onProgress?.({ doneBytes, totalBytes: geometry.spaceBytes });
    },
    signal,
  );

  function checkStream(place: StreamPlace, result: StreamResult): void {
    for (const [index, fileIndex] of place.fileIndexes.entries()) {
      const file = fileIndex === undefined ? undefined : files[fileIndex];
      if (fileIndex !== undefined && file)
        report.read(fileIndex, file, result.statuses[index] ?? 'read', result.fileLengths[index] ?? -1);
    }
    for (const [index, isWhole] of result.isWhole.entries()) {
      const piece = place.firstPiece + index;
      const isGood = isWhole === 1 && v1 !== undefined && sameHash(result.sha1s, index, v1, piece, 20);
      report.piece(piece, isGood ? 'good' : 'bad');
    }
  }
}

function sameHash(
  found: Uint8Array,
  foundIndex: number,
  wanted: Uint8Array,
  wantedIndex: number,
  lengthBytes: number,
): boolean {
  const a = found.subarray(foundIndex * lengthBytes, (foundIndex + 1) * lengthBytes);
  const b = wanted.subarray(wantedIndex * lengthBytes, (wantedIndex + 1) * lengthBytes);
  return a.length === lengthBytes && Buffer.compare(a, b) === 0;
}
