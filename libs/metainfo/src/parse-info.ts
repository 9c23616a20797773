import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';

import { BencodeError, decode, expectKind, find, findInteger } from '@swarmpatch/bencode';
import type { BencodeDictionary } from '@swarmpatch/bencode';

import { joinPath, quote } from './entry.ts';
import type { FileEntry } from './entry.ts';
import { alignUp, layOut } from './layout.ts';
import { FILE_COUNT_MAX, TORRENT_BYTES_MAX } from './limits.ts';
import { MetainfoError } from './metainfo-error.ts';
import type { Metainfo, TorrentFile, TorrentFormat } from './metainfo.ts';
import { findPathCollisions } from './path-rules.ts';
import { PieceGeometry } from './piece-geometry.ts';
import { readPieceLayers } from './piece-layers.ts';
import type { PieceLayers } from './piece-layers.ts';
import { linkTextTo, targetOfLink } from './symlink.ts';
import { readV1Files } from './v1-files.ts';
import type { V1Files } from './v1-files.ts';
import { readFileTree } from './v2-file-tree.ts';

export interface ParseInfoOptions {
  /** Refuse any other info dictionary: what a magnet link or a tracker named. */
  readonly infohashV1?: Uint8Array;
  readonly infohashV2?: Uint8Array;
  /** By pieces root; absent when they are still to be fetched from peers. */
  readonly pieceLayers?: PieceLayers;
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
      layers: readPieceLayers(files, pieceLengthBytes, options.pieceLayers),
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

/** A v2 torrent is of one file when its tree holds just that file, under the torrent's own name. */
function isLoneFile(entries: readonly FileEntry[], name: string): boolean {
  return entries.length === 1 && entries[0]?.path === name;
}

interface PlacedEntries {
  readonly files: readonly (FileEntry & { readonly offsetBytes: number })[];
  readonly spaceBytes: number;
}

function placeEntries(
  v1: V1Files | undefined,
  tree: readonly FileEntry[] | undefined,
  options: { readonly format: TorrentFormat; readonly pieceLengthBytes: number; readonly isSingleFile: boolean },
): PlacedEntries {
  const listed = v1 && placeListed(v1.entries);
  if (!tree) return listed ?? { files: [], spaceBytes: 0 };
  const { offsets, spaceBytes } = layOut(
    tree.map((entry) => entry.lengthBytes),
    { ...options, format: 'v2' },
  );
  const files = tree.map((entry, index) => ({ ...entry, offsetBytes: offsets[index] ?? 0 }));
  if (!listed) return { files, spaceBytes };
  checkSame(listed.files, files);
  if (options.isSingleFile && !isLoneFile(tree, tree[0]?.path ?? '')) throw mismatch('one says it is a single file');
  // Whether the last piece is padded to its end differs between makers; both are in use.
  if (listed.spaceBytes !== spaceBytes && listed.spaceBytes !== alignUp(spaceBytes, options.pieceLengthBytes)) {
    throw mismatch(`v1 covers ${listed.spaceBytes} bytes, v2 ${spaceBytes}`);
  }
  return { files, spaceBytes: listed.spaceBytes };
}

function placeListed(entries: readonly FileEntry[]): PlacedEntries {
  const files: (FileEntry & { offsetBytes: number })[] = [];
  let end = 0;
  for (const entry of entries) {
    if (!entry.isPad) files.push({ ...entry, offsetBytes: end });
    end += entry.lengthBytes;
  }
  return { files, spaceBytes: end };
}

/** BEP 52, "Upgrade Path": both halves must describe the same files, in the same order, at the same places. */
function checkSame(listed: PlacedEntries['files'], files: PlacedEntries['files']): void {
  if (listed.length !== files.length) throw mismatch(`v1 lists ${listed.length} files, v2 ${files.length}`);
  for (const [index, file] of files.entries()) {
    const other = listed[index];
    const isSame =
      other?.path === file.path &&
      other.lengthBytes === file.lengthBytes &&
      !other.linkComponents === !file.linkComponents;
    if (!isSame)
      throw mismatch(`file ${index} is ${quote(other?.path ?? '')} in v1 and ${quote(file.path)} in v2`, file.path);
    if (file.lengthBytes > 0 && other.offsetBytes !== file.offsetBytes) {
      throw mismatch(
        `${quote(file.path)} starts at byte ${other.offsetBytes} in v1 and ${file.offsetBytes} in v2`,
        file.path,
      );
    }
  }
}

function mismatch(found: string, path?: string): MetainfoError {
  return new MetainfoError(
    'hybrid_mismatch',
    `compare the halves of a hybrid torrent: ${found}; both must describe the same files`,
    path,
  );
}

function finishFiles(entries: PlacedEntries['files']): TorrentFile[] {
  if (entries.length > FILE_COUNT_MAX) {
    throw new MetainfoError(
      'too_many_files',
      `read the files: found ${entries.length}, at most ${FILE_COUNT_MAX} are read`,
    );
  }
  if (entries.every((entry) => entry.lengthBytes === 0)) {
    throw new MetainfoError('no_data', 'read the files: all are empty, a torrent needs at least one byte');
  }
  const [collision] = findPathCollisions(
    entries.map((entry) => entry.path),
    1,
  );
  if (collision) {
    throw new MetainfoError(
      'path_collision',
      `read the files: ${quote(collision.path)} and ${quote(collision.with)} are one file on some systems`,
      collision.path,
    );
  }
  const known = new Set<string>();
  if (entries.some((entry) => entry.linkComponents)) {
    for (const { path } of entries) addWithDirectories(known, path);
  }
  return entries.map(({ path, lengthBytes, offsetBytes, piecesRoot, executable, linkComponents }) => ({
    path,
    lengthBytes,
    offsetBytes,
    executable,
    ...(piecesRoot && { piecesRoot }),
    ...(linkComponents && { symlink: readLink(path, linkComponents, known) }),
  }));
}

function addWithDirectories(known: Set<string>, path: string): void {
  known.add(path);
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) known.add(path.slice(0, at));
}

/** BEP 47 counts a target from the torrent's top; libtorrent 2.0.8 writes it from the link's directory. */
function readLink(path: string, components: readonly string[], known: ReadonlySet<string>): string {
  const fromTop = components.includes('..') ? undefined : components.join('/');
  const fromLink = components.some((component) => component.includes('/'))
    ? undefined
    : targetOfLink(path, components.join('/'));
  const target =
    [fromTop, fromLink].find((candidate) => candidate !== undefined && known.has(candidate)) ?? fromTop ?? fromLink;
  if (target === undefined) {
    throw new MetainfoError(
      'bad_symlink',
      `read link ${quote(path)}: its target ${quote(components.join('/'))} leaves the torrent`,
      path,
    );
  }
  try {
    return linkTextTo(path, joinPath(target.split('/')));
  } catch (error) {
    throw error instanceof MetainfoError
      ? new MetainfoError('bad_symlink', `read link ${quote(path)}: ${error.message}`, path)
      : error;
  }
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
