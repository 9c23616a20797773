import { Buffer } from 'node:buffer';

import { decodeText, demand, expectKind } from '@swarmpatch/bencode';
import type { BencodeDictionary } from '@swarmpatch/bencode';

import { joinPath, quote, readAttributes, readLength, readRoot } from './entry.ts';
import type { FileEntry } from './entry.ts';
import { FILE_COUNT_MAX } from './limits.ts';
import { MetainfoError } from './metainfo-error.ts';
import { PATH_DEPTH_MAX } from './path-rules.ts';

/**
 * The files of a v2 info dictionary (BEP 52, "file tree"), in the order of the tree.
 *
 * @throws {MetainfoError}
 */
export function readFileTree(info: BencodeDictionary): FileEntry[] {
  const tree = demand(info, 'file tree', 'dictionary');
  if (tree.has(''))
    throw new MetainfoError('bad_file_tree', 'read the file tree: its top is a file, a directory is wanted');
  const files: FileEntry[] = [];
  readDirectory(tree, [], files);
  return files;
}

function readDirectory(directory: BencodeDictionary, above: readonly string[], files: FileEntry[]): void {
  if (above.length >= PATH_DEPTH_MAX) {
    throw new MetainfoError('bad_path', `read the file tree: directories are nested more than ${PATH_DEPTH_MAX} deep`);
  }
  let last = '';
  for (const [key, node] of directory) {
    if (key < last)
      throw new MetainfoError(
        'bad_file_tree',
        `read the file tree: the names in ${quote(above.join('/'))} are not sorted`,
      );
    last = key;
    const name = decodeText(Buffer.from(key, 'latin1'));
    if (name === undefined)
      throw new MetainfoError('bad_path', `read the file tree: a name in ${quote(above.join('/'))} is not UTF-8`);
    const components = [...above, name];
    const child = expectKind(node, 'dictionary', quote(components.join('/')));
    if (!child.has('')) readDirectory(child, components, files);
    else files.push(readFile(child, components));
    if (files.length > FILE_COUNT_MAX)
      throw new MetainfoError('too_many_files', `read the file tree: found more than ${FILE_COUNT_MAX} files`);
  }
}

function readFile(node: BencodeDictionary, components: readonly string[]): FileEntry {
  const path = joinPath(components);
  if (node.keys.length !== 1) {
    throw new MetainfoError('bad_file_tree', `read the file tree: ${quote(path)} is both a file and a directory`, path);
  }
  const entry = demand(node, '', 'dictionary');
  const { executable, linkComponents } = readAttributes(entry, path);
  const lengthBytes = readLength(entry, path, linkComponents ? 'link' : 'file');
  return {
    path,
    lengthBytes,
    isPad: false,
    executable,
    ...(linkComponents && { linkComponents }),
    ...(lengthBytes > 0 && { piecesRoot: readRoot(entry, path) }),
  };
}
