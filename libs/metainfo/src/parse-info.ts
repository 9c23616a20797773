import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';

import { BencodeError, decode, expectKind, find, findInteger } from '@swarmpatch/bencode';
import type { BencodeDictionary } from '@swarmpatch/bencode';

import { joinPath } from './entry.ts';
import { finishFiles } from './finish-files.ts';
import { TORRENT_BYTES_MAX } from './limits.ts';
import { MetainfoError } from './metainfo-error.ts';
import type { Metainfo, TorrentFormat } from './metainfo.ts';
import { PieceGeometry } from './piece-geometry.ts';
import { readPieceLayers } from './piece-layers.ts';
import type { MissingLayers, PieceLayers } from './piece-layers.ts';
import { isLoneFile, placeEntries } from './place-entries.ts';
import { readV1Files } from './v1-files.ts';
import { readFileTree } from './v2-file-tree.ts';

export interface ParseInfoOptions {
  /** Refuse any other info dictionary: what a magnet link or a tracker named. */
  readonly infohashV1?: Uint8Array;
  readonly infohashV2?: Uint8Array;
  /** By pieces root; absent when they are still to be fetched from peers. */
  readonly pieceLayers?: PieceLayers;
  /** Of layers that are not among those given; refused unless given. */
  readonly missingLayers?: MissingLayers | undefined;
}

/**
 * Reads and checks an info dictionary (BEP 3, 47, 52). The infohashes are of these bytes, never of a re-encoding.
 *
 * @throws {MetainfoError}
 */
export function parseInfo(infoBytes: Uint8Array, options: ParseInfoOptions = {}): Metainfo {
  try {
    const node = decode(infoBytes, { keyOrder: 'any', bytesMax: TORRENT_BYTES_MAX });
    return readInfo(expectKind(node, 'dictionary', 'the info dictionary'), infoBytes, options);
  } catch (error) {
    throw asMetainfoError(error);
  }
}

export function asMetainfoError(error: unknown): unknown {
  if (!(error instanceof BencodeError)) return error;
  return new MetainfoError('not_a_torrent', `${error.message} (${error.code}); a torrent file is wanted`);
}

/** As `parseInfo`, of a dictionary that is decoded already. @throws {MetainfoError | BencodeError} */
export function readInfo(info: BencodeDictionary, infoBytes: Uint8Array, options: ParseInfoOptions): Metainfo {
  const version = findInteger(info, 'meta version') ?? 1;
  if (version !== 1 && version !== 2) {
    throw new MetainfoError(
      'unsupported_version',
      `read the info dictionary: found meta version ${version}, 1 or 2 is wanted`,
    );
  }
  const format: TorrentFormat = version === 1 ? 'v1' : info.has('pieces') ? 'hybrid' : 'v2';
  const name = readName(info);
  const pieceLengthBytes = readPieceLength(info, format);
  const v1 = format === 'v2' ? undefined : readV1Files(info, name);
  const tree = format === 'v1' ? undefined : readFileTree(info);
  const isSingleFile = v1?.isSingleFile ?? isLoneFile(tree ?? [], name);
  const placed = placeEntries(v1, tree, { format, pieceLengthBytes, isSingleFile });
  const files = finishFiles(placed.files);
  const geometry = new PieceGeometry(files, pieceLengthBytes, placed.spaceBytes);
  if (v1 && v1.pieces.length !== geometry.pieceCount * 20) {
    throw new MetainfoError(
      'bad_pieces',
      `read "pieces": found ${v1.pieces.length / 20} hashes, ${geometry.pieceCount} are wanted for ${placed.spaceBytes} bytes`,
    );
  }
  const hashes = infohashes(infoBytes, format, options);
  return {
    name,
    format,
    ...hashes,
    pieceLengthBytes,
    pieceCount: geometry.pieceCount,
    lengthBytes: files.reduce((sum, file) => sum + file.lengthBytes, 0),
    files,
    isSingleFile,
    trackers: [],
    webSeeds: [],
    dhtNodes: [],
    private: find(info, 'private', 'integer')?.value === 1n,
    infoBytes,
    geometry,
    pieceHashes: {
      ...(v1 && { v1: v1.pieces }),
      layers: readPieceLayers(files, pieceLengthBytes, options.pieceLayers, options.missingLayers),
    },
  };
}

function readName(info: BencodeDictionary): string {
  const node = info.get('name.utf-8') ?? info.get('name');
  const name = node?.kind === 'string' ? node.text : undefined;
  if (name === undefined) throw new MetainfoError('bad_name', 'read the info dictionary: a name in UTF-8 is wanted');
  try {
    return joinPath([name]);
  } catch (error) {
    throw error instanceof MetainfoError
      ? new MetainfoError('bad_name', `read the torrent's name: ${error.message}`, name)
      : error;
  }
}

function readPieceLength(info: BencodeDictionary, format: TorrentFormat): number {
  const bytes = findInteger(info, 'piece length') ?? 0;
  const isPowerOfTwo = Number.isInteger(Math.log2(bytes)) && bytes >= 16_384;
  if (bytes < 1 || (format !== 'v1' && !isPowerOfTwo)) {
    throw new MetainfoError(
      'bad_piece_length',
      `read the info dictionary: found piece length ${bytes}, ${format === 'v1' ? 'at least 1' : 'a power of two from 16384'} is wanted`,
    );
  }
  return bytes;
}

function infohashes(
  infoBytes: Uint8Array,
  format: TorrentFormat,
  wanted: ParseInfoOptions,
): Pick<Metainfo, 'infohashV1' | 'infohashV2'> {
  const v1 = format === 'v2' ? undefined : hash('sha1', infoBytes, 'buffer');
  const v2 = format === 'v1' ? undefined : hash('sha256', infoBytes, 'buffer');
  checkInfohash(v1 ?? hash('sha1', infoBytes, 'buffer'), wanted.infohashV1);
  checkInfohash(v2 ?? hash('sha256', infoBytes, 'buffer'), wanted.infohashV2);
  return { ...(v1 && { infohashV1: new Uint8Array(v1) }), ...(v2 && { infohashV2: new Uint8Array(v2) }) };
}

function checkInfohash(found: Uint8Array, wanted: Uint8Array | undefined): void {
  if (wanted && Buffer.compare(found, wanted) !== 0) {
    throw new MetainfoError(
      'infohash_mismatch',
      `check an info dictionary: found infohash ${hex(found)}, ${hex(wanted)} is wanted`,
    );
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
