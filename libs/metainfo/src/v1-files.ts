import { expectKind, find, findBytes } from '@swarmpatch/bencode';
import type { BencodeDictionary, BencodeNode } from '@swarmpatch/bencode';

import { joinPath, readAttributes, readComponents, readLength } from './entry.ts';
import type { FileEntry } from './entry.ts';
import { MetainfoError } from './metainfo-error.ts';

/** BitComet's pad files, older than the `p` attribute of BEP 47. */
const BITCOMET_PAD = '_____padding_file_';

export interface V1Files {
  /** In piece order, pads among them. */
  readonly entries: readonly FileEntry[];
  readonly isSingleFile: boolean;
  /** SHA-1 of each piece, 20 bytes each. */
  readonly pieces: Uint8Array;
}

/**
 * The files of a v1 info dictionary (BEP 3), with the attributes of BEP 47.
 *
 * @throws {MetainfoError}
 */
export function readV1Files(info: BencodeDictionary, name: string): V1Files {
  const pieces = findBytes(info, 'pieces');
  if (!pieces || pieces.length % 20 !== 0) {
    throw new MetainfoError(
      'bad_pieces',
      `read "pieces": found ${pieces?.length ?? 'no'} bytes, a multiple of 20 is wanted`,
    );
  }
  const files = find(info, 'files', 'list');
  if (!files) {
    const lengthBytes = readLength(info, name, 'file');
    const executable = find(info, 'attr', 'string')?.latin1.includes('x') ?? false;
    return { entries: [{ path: name, lengthBytes, executable, isPad: false }], isSingleFile: true, pieces };
  }
  if (info.has('length')) {
    throw new MetainfoError(
      'bad_length',
      'read the info dictionary: found both "length" and "files", one of them is wanted',
    );
  }
  return { entries: files.items.map(readEntry), isSingleFile: false, pieces };
}

function readEntry(item: BencodeNode, index: number): FileEntry {
  const entry = expectKind(item, 'dictionary', `file ${index}`);
  const at = `#${index}`;
  const attributes = readAttributes(entry, at);
  if (attributes.isPad) return { ...attributes, path: '', lengthBytes: readLength(entry, at, 'file') };
  const components = readComponents(entry.get('path.utf-8') ?? entry.get('path'), 'bad_path', at);
  const path = joinPath(components);
  const lengthBytes = readLength(entry, path, attributes.linkComponents ? 'link' : 'file');
  return { ...attributes, path, lengthBytes, isPad: components.at(-1)?.startsWith(BITCOMET_PAD) ?? false };
}
