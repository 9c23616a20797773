import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAUNCHER_DIRECTORY } from '@swarmpatch/release';
import { PublishError } from '../publish-error.ts';
import { isArchiveName, unpackArchive } from './archive.ts';

/** A build as a directory; `dispose` throws away what was unpacked. */
export interface BuildDirectory {
  path: string;
  dispose(): Promise<void>;
}

/** @throws {PublishError} `not_a_build`: told from its name and kind, before anything is read. */
export async function checkBuildPath(
  path: string,
): Promise<{ kind: 'directory' } | { kind: 'archive'; lengthBytes: number }> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new PublishError(
      'not_a_build',
      `publish ${path}: found nothing that can be read there; name a directory, .tar or .tar.gz`,
      { path, cause },
    );
  });
  if (found.isFile() && isArchiveName(path)) return { kind: 'archive', lengthBytes: found.size };
  if (!found.isDirectory()) {
    throw new PublishError(
      'not_a_build',
      `publish ${path}: found a file that is not called .tar or .tar.gz; name a directory or such an archive`,
      { path },
    );
  }
  await checkTop(path);
  return { kind: 'directory' };
}

/**
 * The directory itself, or a fresh one that an archive is unpacked into.
 *
 * @throws {PublishError} `bad_archive`, `unsafe_archive`, `not_a_build`
 */
export async function openBuildDirectory(
  path: string,
  options: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<BuildDirectory> {
  if ((await checkBuildPath(path)).kind === 'directory') return { path, dispose: () => Promise.resolve() };
  const unpacked = await mkdtemp(join(tmpdir(), 'swarmpatch-build-'));
  const dispose = (): Promise<void> => rm(unpacked, { recursive: true, force: true });
  try {
    await unpackArchive(path, unpacked, options);
    await checkTop(unpacked);
    return { path: unpacked, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function checkTop(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.length === 0)
    throw new PublishError('not_a_build', `publish ${directory}: found an empty directory`, { path: directory });
  if (names.some((name) => name.toLowerCase() === LAUNCHER_DIRECTORY)) {
    throw new PublishError(
      'not_a_build',
      `publish ${directory}: found ${LAUNCHER_DIRECTORY}, so this is an install; publish the build that it came from`,
      {
        path: directory,
      },
    );
  }
}
