import { patchContentPath, type PatchContents } from '@swarmpatch/install';
import { type SourceFile, type StagedFile, stagePatchFile, type StageResult } from '@swarmpatch/node-io/delta';
import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import type { ManifestFile } from '@swarmpatch/release';
import type { PatchLink } from './patch-route.ts';

/** A patch that is here, and where it reads and writes. */
export interface PatchWork {
  files: DiskFileSystem;
  link: PatchLink;
  contents: PatchContents;
  signal: AbortSignal;
  onProgress: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Makes the files of a patch's newer release, each for itself where others cannot be made.
 *
 * @returns those that could not be made.
 * @throws {DeltaError} when the patch makes nothing of these releases
 */
export async function applyPatch({ files, link, contents, signal, onProgress }: PatchWork): Promise<StageResult[]> {
  const { entry, from, to } = link;
  const patch = contents.to(to);
  const results = await stagePatchFile({
    patchPath: files.absolute(patchContentPath(entry.torrent.infohashV2)),
    old: from.files.map((file): SourceFile => {
      const path = patch.find(file);
      return { ...treeFileOf(file), absolutePath: path === undefined ? undefined : files.absolute(path) };
    }),
    new: to.files.filter(hasContent).map((file): StagedFile => {
      const { path, length: lengthBytes, piecesRoot } = file;
      return {
        path,
        lengthBytes,
        piecesRoot: Buffer.from(piecesRoot, 'hex'),
        absolutePath: files.absolute(patch.place(file)),
      };
    }),
    onProgress,
    signal,
  });
  for (const { path, failure } of results) if (failure === undefined) patch.made(path);
  return results.filter(({ failure }) => failure !== undefined);
}

function treeFileOf({
  path,
  length: lengthBytes,
  executable,
  symlink,
  piecesRoot,
}: ManifestFile): Omit<SourceFile, 'absolutePath'> {
  return {
    path,
    lengthBytes,
    executable: executable === true,
    symlink,
    piecesRoot: piecesRoot === undefined ? undefined : Buffer.from(piecesRoot, 'hex'),
  };
}

function hasContent(file: ManifestFile): file is ManifestFile & { piecesRoot: string } {
  return file.piecesRoot !== undefined;
}
