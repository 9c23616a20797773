import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';

import {
  type BencodeDictionary,
  BencodeError,
  Encoded,
  decode,
  demand,
  encode,
  expectKind,
  findInteger,
} from '@swarmpatch/bencode';

import { FILE_COUNT_MAX } from './limits.ts';
import { MetainfoError } from './metainfo-error.ts';
import type { Metainfo } from './metainfo.ts';
import { PIECE_COUNT_MAX } from './piece-geometry.ts';

/** Length, time and inode of each file, 8 bytes each. */
const STAMP_BYTES = 24;
const FORMAT = 'swarmpatch resume data';
const VERSION = 1;
const REST_BYTES_MAX = 4096;
/** Of the largest torrent. */
export const RESUME_DATA_BYTES_MAX: number = FILE_COUNT_MAX * STAMP_BYTES + PIECE_COUNT_MAX / 8 + REST_BYTES_MAX;
const TOKENS_MAX = 64;
const DEPTH_MAX = 2;

/** In place of the length of a file that was not there. */
const NOT_THERE = 2n ** 64n - 1n;

/** What is known of a file without reading it. */
export interface FileStamp {
  readonly lengthBytes: bigint;
  /** Time of the last change of its content, since 1970. */
  readonly mtimeNs: bigint;
  /** 0 where the file system has none. */
  readonly inode: bigint;
}

/** Which pieces of a torrent were verified and durable, and what the files looked like then. */
export interface ResumeData {
  /** A bitfield as in BEP 3. */
  readonly have: Uint8Array;
  /** By file; undefined for those that were not there. */
  readonly files: readonly (FileStamp | undefined)[];
}

/** Writes resume data (docs/formats/resume-data.md). The same data gives the same bytes. */
export function encodeResumeData(torrent: Metainfo, { have, files }: ResumeData): Uint8Array {
  const state = encode({ files: packStamps(files), have, infohash: nameOf(torrent) });
  return encode({
    checksum: hash('sha256', state, 'buffer'),
    format: FORMAT,
    state: new Encoded(state),
    version: VERSION,
  });
}

/**
 * Reads the resume data of this torrent.
 *
 * @throws {MetainfoError} `bad_resume_data` when it is torn, altered, of a later version or of another torrent
 */
export function decodeResumeData(torrent: Metainfo, bytes: Uint8Array): ResumeData {
  try {
    const limits = { bytesMax: RESUME_DATA_BYTES_MAX, tokensMax: TOKENS_MAX, depthMax: DEPTH_MAX };
    const document = expectKind(decode(bytes, limits), 'dictionary', 'resume data');
    if (demand(document, 'format', 'string').text !== FORMAT) throw refused('found another format');
    const version = findInteger(document, 'version');
    if (version !== VERSION) throw refused(`found version ${version ?? 'none'}, wanted ${VERSION}`);
    const state = demand(document, 'state', 'dictionary');
    const found = hash('sha256', bytes.subarray(state.start, state.end), 'buffer');
    if (Buffer.compare(found, demand(document, 'checksum', 'string').bytes) !== 0)
      throw refused('found content that does not match its checksum');
    return readState(torrent, state);
  } catch (error) {
    if (error instanceof BencodeError) throw refused(error.message);
    throw error;
  }
}

function readState(torrent: Metainfo, state: BencodeDictionary): ResumeData {
  const [infohash, have, stamps] = ['infohash', 'have', 'files'].map((key) => demand(state, key, 'string').bytes);
  if (!infohash || !have || !stamps) throw refused('found too little');
  if (Buffer.compare(infohash, nameOf(torrent)) !== 0) throw refused('found that of another torrent');
  if (have.length !== Math.ceil(torrent.pieceCount / 8) || stamps.length !== torrent.files.length * STAMP_BYTES)
    throw refused(`found ${have.length} bytes of pieces and ${stamps.length} of files, which the torrent has not`);
  return { have: new Uint8Array(have), files: unpackStamps(stamps) };
}

/** The full infohash, the v2 one of a hybrid. */
function nameOf({ infohashV1, infohashV2 }: Metainfo): Uint8Array {
  return infohashV2 ?? infohashV1 ?? new Uint8Array(0);
}

function packStamps(files: readonly (FileStamp | undefined)[]): Uint8Array {
  const bytes = Buffer.alloc(files.length * STAMP_BYTES);
  for (const [index, stamp] of files.entries()) {
    const at = index * STAMP_BYTES;
    bytes.writeBigUInt64BE(stamp?.lengthBytes ?? NOT_THERE, at);
    bytes.writeBigInt64BE(stamp?.mtimeNs ?? 0n, at + 8);
    bytes.writeBigUInt64BE(stamp?.inode ?? 0n, at + 16);
  }
  return bytes;
}

function unpackStamps(packed: Uint8Array): (FileStamp | undefined)[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const files: (FileStamp | undefined)[] = [];
  for (let at = 0; at < bytes.length; at += STAMP_BYTES) {
    const lengthBytes = bytes.readBigUInt64BE(at);
    const stamp = { lengthBytes, mtimeNs: bytes.readBigInt64BE(at + 8), inode: bytes.readBigUInt64BE(at + 16) };
    files.push(lengthBytes === NOT_THERE ? undefined : stamp);
  }
  return files;
}

function refused(found: string): MetainfoError {
  return new MetainfoError('bad_resume_data', `read resume data: ${found}; the files are checked instead`);
}
