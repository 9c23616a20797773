import { encode, textKey } from '@swarmpatch/bencode';
import type { Encodable } from '@swarmpatch/bencode';

import { quote } from './entry.ts';
import { alignUp, layOut } from './layout.ts';
import { MetainfoError } from './metainfo-error.ts';
import type { TorrentFormat } from './metainfo.ts';
import { comparePaths } from './path-rules.ts';
import { pieceLayerKey } from './piece-layers.ts';
import type { PieceLayers } from './piece-layers.ts';
import { targetOfLink } from './symlink.ts';

/** A file with what hashing it gave. */
export interface HashedFile {
  /** Relative to the torrent's top; of a single-file torrent, the file's name. */
  readonly path: string;
  readonly lengthBytes: number;
  readonly executable?: boolean;
  /** What a link says, relative to its own directory; its length is 0. */
  readonly symlink?: string;
  /** 32 bytes; for v2 and hybrid, of every file that is not empty. */
  readonly piecesRoot?: Uint8Array;
  /** 32 bytes per piece; for v2 and hybrid, of every file longer than a piece. */
  readonly pieceLayer?: Uint8Array;
}

export interface CreateInfoOptions {
  readonly name: string;
  readonly format: TorrentFormat;
  readonly pieceLengthBytes: number;
  readonly isSingleFile: boolean;
  readonly isPrivate?: boolean;
  /** Where pads are; BEP 47 recommends `.pad`, the default, and leaves it free. */
  readonly padDirectory?: string;
  /** SHA-1 of each piece of the piece space that `layOut` gives, 20 bytes each; for v1 and hybrid. */
  readonly v1Pieces?: Uint8Array;
}

export interface CreatedInfo {
  readonly infoBytes: Uint8Array;
  /** Undefined for v1. */
  readonly pieceLayers: PieceLayers | undefined;
}

/** Sorts files into the one order that they have in a torrent of any format: that of the v2 file tree. */
export function inTorrentOrder<T extends { readonly path: string }>(files: readonly T[]): T[] {
  return files.toSorted((a, b) => comparePaths(a.path, b.path));
}

/**
 * Makes an info dictionary: the same files give the same bytes.
 *
 * @param files In torrent order; paths as `findPathProblem` wants them.
 * @throws {MetainfoError} `ambiguous_name`, `bad_symlink`, `bad_pieces`, `bad_pieces_root`
 */
export function createInfo(files: readonly HashedFile[], options: CreateInfoOptions): CreatedInfo {
  const { name, format, pieceLengthBytes, isSingleFile } = options;
  if (format !== 'v1' && !isSingleFile && files.length === 1 && files[0]?.path === name) {
    throw new MetainfoError(
      'ambiguous_name',
      `make a torrent: a directory and its only file are both named ${quote(name)}, which v2 reads as that file alone; give the torrent another name`,
      name,
    );
  }
  const info = {
    name,
    'piece length': pieceLengthBytes,
    private: options.isPrivate ? 1 : undefined,
    ...(format !== 'v2' && v1Part(files, options)),
    ...(format !== 'v1' && { 'meta version': 2, 'file tree': fileTree(files) }),
  };
  return { infoBytes: encode(info), pieceLayers: format === 'v1' ? undefined : layersOf(files, pieceLengthBytes) };
}

function v1Part(files: readonly HashedFile[], options: CreateInfoOptions): Record<string, Encodable | undefined> {
  const { offsets, spaceBytes } = layOut(
    files.map((file) => file.lengthBytes),
    options,
  );
  const wanted = Math.ceil(spaceBytes / options.pieceLengthBytes) * 20;
  const pieces = options.v1Pieces;
  if (pieces?.length !== wanted) {
    throw new MetainfoError(
      'bad_pieces',
      `make a torrent: found ${pieces?.length ?? 'no'} bytes of v1 piece hashes, ${wanted} are wanted`,
    );
  }
  const [first] = files;
  if (options.isSingleFile && first) return { attr: attributesOf(first), length: first.lengthBytes, pieces };
  return { files: fileList(files, offsets, spaceBytes, options), pieces };
}

function fileList(
  files: readonly HashedFile[],
  offsets: readonly number[],
  spaceBytes: number,
  { pieceLengthBytes, padDirectory = '.pad' }: CreateInfoOptions,
): Encodable[] {
  const list: Encodable[] = [];
  for (const [index, file] of files.entries()) {
    list.push({ ...linkPart(file), attr: attributesOf(file), length: file.lengthBytes, path: file.path.split('/') });
    if (file.lengthBytes === 0) continue;
    const end = (offsets[index] ?? 0) + file.lengthBytes;
    const next = Math.min(alignUp(end, pieceLengthBytes), offsets[index + 1] ?? spaceBytes);
    if (next > end)
      list.push({ attr: 'p', length: next - end, path: [...padDirectory.split('/'), String(next - end)] });
  }
  return list;
}

type Directory = Map<string, Encodable>;

function fileTree(files: readonly HashedFile[]): Directory {
  const top: Directory = new Map();
  const directories = new Map<string, Directory>([['', top]]);
  for (const file of files) {
    const cut = file.path.lastIndexOf('/');
    const directory = directoryAt(cut < 0 ? '' : file.path.slice(0, cut), directories);
    directory.set(textKey(file.path.slice(cut + 1)), { '': treeEntry(file) });
  }
  return top;
}

function directoryAt(path: string, directories: Map<string, Directory>): Directory {
  const known = directories.get(path);
  if (known) return known;
  const cut = path.lastIndexOf('/');
  const above = directoryAt(cut < 0 ? '' : path.slice(0, cut), directories);
  const directory: Directory = new Map();
  above.set(textKey(path.slice(cut + 1)), directory);
  directories.set(path, directory);
  return directory;
}

function treeEntry(file: HashedFile): Encodable {
  if (file.lengthBytes > 0 && file.piecesRoot?.length !== 32) {
    throw new MetainfoError('bad_pieces_root', `make a torrent: ${quote(file.path)} has no pieces root`, file.path);
  }
  return {
    ...linkPart(file),
    attr: attributesOf(file),
    length: file.lengthBytes,
    'pieces root': file.lengthBytes > 0 ? file.piecesRoot : undefined,
  };
}

function attributesOf(file: HashedFile): string | undefined {
  if (file.symlink !== undefined) return 'l';
  return file.executable ? 'x' : undefined;
}

function linkPart(file: HashedFile): { readonly 'symlink path'?: readonly string[] } {
  if (file.symlink === undefined) return {};
  const target = targetOfLink(file.path, file.symlink);
  if (target === undefined) {
    throw new MetainfoError(
      'bad_symlink',
      `make a torrent: link ${quote(file.path)} points to ${quote(file.symlink)}, a target inside the torrent is wanted`,
      file.path,
    );
  }
  return { 'symlink path': target.split('/') };
}

function layersOf(files: readonly HashedFile[], pieceLengthBytes: number): PieceLayers {
  const layers = new Map<string, Uint8Array>();
  for (const { path, lengthBytes, piecesRoot, pieceLayer } of files) {
    if (lengthBytes <= pieceLengthBytes) continue;
    if (!piecesRoot || !pieceLayer)
      throw new MetainfoError('bad_pieces_root', `make a torrent: ${quote(path)} has no piece layer`, path);
    layers.set(pieceLayerKey(piecesRoot), pieceLayer);
  }
  return layers;
}
