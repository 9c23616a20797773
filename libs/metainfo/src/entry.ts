import { find, findBytes, findInteger } from '@swarmpatch/bencode';
import type { BencodeDictionary, BencodeNode } from '@swarmpatch/bencode';

import { MetainfoError } from './metainfo-error.ts';
import { describePathProblem, findPathProblem } from './path-rules.ts';

/** One file as a v1 list or a v2 tree names it, before it is placed in the piece space. */
export interface FileEntry {
  readonly path: string;
  readonly lengthBytes: number;
  readonly isPad: boolean;
  readonly executable: boolean;
  /** `symlink path` as it was found; only on links. */
  readonly linkComponents?: readonly string[];
  readonly piecesRoot?: Uint8Array;
}

/** What BEP 47 says of a file, the same in v1 and v2. */
export function readAttributes(
  entry: BencodeDictionary,
  path: string,
): Pick<FileEntry, 'executable' | 'isPad' | 'linkComponents'> {
  const attributes = find(entry, 'attr', 'string')?.latin1 ?? '';
  const executable = attributes.includes('x');
  const isPad = attributes.includes('p');
  if (!attributes.includes('l')) return { executable, isPad };
  const target = entry.get('symlink path');
  return { executable: false, isPad: false, linkComponents: readComponents(target, 'bad_symlink', path) };
}

/** @throws {MetainfoError} `bad_length`, `bad_symlink` */
export function readLength(entry: BencodeDictionary, path: string, kind: 'file' | 'link'): number {
  const lengthBytes = findInteger(entry, 'length');
  if (kind === 'link') {
    if (lengthBytes)
      throw new MetainfoError(
        'bad_symlink',
        `read link ${quote(path)}: found length ${lengthBytes}, none or 0 is wanted`,
        path,
      );
    return 0;
  }
  if (lengthBytes === undefined || lengthBytes < 0) {
    throw new MetainfoError(
      'bad_length',
      `read file ${quote(path)}: found length ${lengthBytes ?? 'missing'}, 0 or more is wanted`,
      path,
    );
  }
  return lengthBytes;
}

/** A list of path components as text. */
export function readComponents(
  node: BencodeNode | undefined,
  code: 'bad_path' | 'bad_symlink',
  path: string,
): string[] {
  if (node?.kind !== 'list' || node.items.length === 0) {
    throw new MetainfoError(code, `read file ${quote(path)}: a list of path components is wanted`, path);
  }
  return node.items.map((item) => {
    const text = item.kind === 'string' ? item.text : undefined;
    if (text === undefined)
      throw new MetainfoError(code, `read file ${quote(path)}: a path component is not UTF-8 text`, path);
    return text;
  });
}

/**
 * Joins components to a path that is safe on every system.
 *
 * @throws {MetainfoError} `bad_path`
 */
export function joinPath(components: readonly string[]): string {
  const path = components.join('/');
  // A component that holds a separator would be taken for two once joined.
  const problem = components.some((component) => component.includes('/')) ? 'separator' : findPathProblem(path);
  if (problem)
    throw new MetainfoError('bad_path', `read file ${quote(path)}: the path ${describePathProblem(problem)}`, path);
  return path;
}

export function readRoot(entry: BencodeDictionary, path: string): Uint8Array {
  const root = findBytes(entry, 'pieces root');
  if (root?.length !== 32 || root.every((byte) => byte === 0)) {
    throw new MetainfoError(
      'bad_pieces_root',
      `read file ${quote(path)}: a pieces root of 32 bytes, not all zero, is wanted`,
      path,
    );
  }
  return root;
}

const QUOTED_CHARACTERS_MAX = 200;

export function quote(path: string): string {
  return JSON.stringify(path.length > QUOTED_CHARACTERS_MAX ? `${path.slice(0, QUOTED_CHARACTERS_MAX)}…` : path);
}
