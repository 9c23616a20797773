import { quote } from './entry.ts';
import type { FileEntry } from './entry.ts';
import { alignUp, layOut } from './layout.ts';
import { MetainfoError } from './metainfo-error.ts';
import type { TorrentFormat } from './metainfo.ts';
import type { V1Files } from './v1-files.ts';

/** A v2 torrent is of one file when its tree holds just that file, under the torrent's own name. */
export function isLoneFile(entries: readonly FileEntry[], name: string): boolean {
  return entries.length === 1 && entries[0]?.path === name;
}

export interface PlacedEntries {
  readonly files: readonly (FileEntry & { readonly offsetBytes: number })[];
  readonly spaceBytes: number;
}

/** Puts v1 and v2 entries in the piece space and checks that they agree. @throws {MetainfoError} `hybrid_mismatch` */
export function placeEntries(
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
