import { lstatSync } from 'node:fs';
import { chmod, lstat, mkdir, open, readlink, rm, symlink, truncate } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { type Metainfo, pathInDownload, type TorrentFile } from '@swarmpatch/metainfo';
import { checkFiles } from '@swarmpatch/node-io/hashing';
import { FilePieceStore } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';

/** A torrent's files below the directory that the user named. */
export class DownloadFolder {
  readonly store: FilePieceStore;
  readonly #dir: string;
  readonly #metainfo: Metainfo;

  constructor(dir: string, metainfo: Metainfo) {
    this.#dir = resolve(dir);
    this.#metainfo = metainfo;
    this.store = new FilePieceStore(metainfo.geometry, (fileIndex) => this.#pathOf(metainfo.files[fileIndex]));
  }

  /** Pieces that an earlier run, or anything else, left here whole: a bitfield. */
  async check({ progress, signal }: CommandContext): Promise<Uint8Array> {
    const phase = progress.phase('check', { totalBytes: this.#metainfo.lengthBytes });
    try {
      const { havePieces } = await checkFiles(
        this.#metainfo,
        (fileIndex) => existing(this.#pathOf(this.#metainfo.files[fileIndex])),
        {
          signal,
          onProgress: ({ doneBytes, totalBytes }) => {
            phase.update({ doneBytes, totalBytes });
          },
        },
      );
      return havePieces;
    } finally {
      phase.end();
    }
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

  async close(): Promise<void> {
    await this.store.close();
  }

  #pathOf(file: TorrentFile | undefined): string {
    if (!file) throw new RangeError('the torrent has no such file');
    return join(this.#dir, pathInDownload(this.#metainfo, file));
  }
}

/** What is not there needs no thread to read it. */
function existing(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false }) && path;
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
