import { chmod, lstat, mkdir, open, readlink, rm, symlink, truncate } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { STATE_DIRECTORY } from '@swarmpatch/install';
import { foldPath, type Metainfo, pathInDownload, type TorrentFile } from '@swarmpatch/metainfo';
import { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import { FilePieceStore, type OfferedFiles, ResumeFile, type Transfer } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';

import { LauncherError } from '../launcher-error.ts';
import { earlierDownloads, rememberDownload, RESUME_DIRECTORY } from './earlier-downloads.ts';

/** Where a download keeps what is not of the torrent. */
export function stateDirectoryOf(directory: string): string {
  return join(resolve(directory), '.swarmpatch');
}

/** A torrent's files below the directory that the user named. */
export class DownloadFolder {
  readonly store: FilePieceStore;
  readonly #dir: string;
  readonly #files: DiskFileSystem;
  readonly #metainfo: Metainfo;
  readonly #resume: ResumeFile;
  #have: (() => Uint8Array) | undefined;

  /** @throws {LauncherError} `reserved_name` for a torrent that would write over what the launcher keeps beside it */
  constructor(dir: string, metainfo: Metainfo) {
    if (foldPath(metainfo.name) === foldPath(STATE_DIRECTORY)) {
      throw new LauncherError(
        'reserved_name',
        `download ${metainfo.name}: the launcher keeps its own files under this name; ask for the torrent under another`,
      );
    }
    this.#dir = resolve(dir);
    this.#files = new DiskFileSystem(this.#dir);
    this.#metainfo = metainfo;
    const locate = (fileIndex: number): string => this.#pathOf(metainfo.files[fileIndex]);
    const store = new FilePieceStore(metainfo.geometry, locate);
    this.store = store;
    this.#resume = new ResumeFile({
      metainfo,
      locate,
      flush: () => store.flush(),
      files: this.#files,
      directory: RESUME_DIRECTORY,
    });
  }

  /** Pieces that an earlier run, or anything else, left here whole: a bitfield. */
  async check({ progress, signal }: CommandContext): Promise<Uint8Array> {
    const phase = progress.phase('check', { totalBytes: this.#metainfo.lengthBytes });
    try {
      return await this.#resume.recall({
        signal,
        onProgress: ({ doneBytes, totalBytes }) => {
          phase.update({ doneBytes, totalBytes });
        },
      });
    } finally {
      phase.end();
    }
  }

  /** What else was downloaded here and has files in common with this. */
  earlier(): Promise<OfferedFiles[]> {
    return earlierDownloads(this.#files, this.#metainfo);
  }

  /** What comes from now on is there for the next run, too, until `close`. */
  keep(transfer: Transfer): void {
    this.#have = () => transfer.have;
    this.#resume.keep(this.#have);
  }

  /** Makes what has no pieces: empty files, links and attributes; and cuts off what is longer than it should be. @param files Indexes of those that are wanted. */
  async finish(files: ReadonlySet<number>): Promise<void> {
    for (const [index, file] of this.#metainfo.files.entries()) {
      if (!files.has(index)) continue;
      const path = this.#pathOf(file);
      if (file.symlink !== undefined) {
        await makeLink(path, file.symlink);
        continue;
      }
      if (file.lengthBytes === 0) await makeEmpty(path);
      else if ((await lstat(path)).size > file.lengthBytes) await truncate(path, file.lengthBytes);
      if (file.executable) await chmod(path, 0o755);
    }
    await this.store.flush();
  }

  /** Once the transfer has ended. */
  async close(): Promise<void> {
    if (this.#have) {
      await this.#resume.close(this.#have());
      // It saves others a download; a disk that refuses it is no failure.
      await rememberDownload(this.#files, this.#metainfo).catch(() => undefined);
    }
    await this.store.close();
  }

  #pathOf(file: TorrentFile | undefined): string {
    if (!file) throw new RangeError('the torrent has no such file');
    return join(this.#dir, pathInDownload(this.#metainfo, file));
  }
}

async function makeEmpty(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'w');
  await handle.close();
}

async function makeLink(path: string, target: string): Promise<void> {
  if ((await readlink(path).catch(() => undefined)) === target) return;
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await symlink(target, path);
}
