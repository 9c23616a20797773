/** Unpacks a build's tar: nothing is written outside the directory, whatever the entries are called and link to. */
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { describePathProblem, findPathProblem } from '@swarmpatch/metainfo';
import { type Extract, extract, type Header } from 'tar-stream';
import { PublishError } from '../publish-error.ts';
import { asError, chunksOf, feed } from './stream-bridge.ts';

export const ARCHIVE_ENTRIES_MAX = 1_000_000;

const ARCHIVE_NAME = /\.(?:tar|tar\.gz|tgz)$/i;
const GZIP_NAME = /\.t?gz$/i;

export function isArchiveName(path: string): boolean {
  return ARCHIVE_NAME.test(path);
}

/**
 * @param directory Empty. What is in it after an error is to be thrown away.
 * @throws {PublishError} `bad_archive`, `unsafe_archive`
 */
export async function unpackArchive(
  archive: string,
  directory: string,
  options: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<void> {
  const entries = extract();
  const source = createReadStream(archive, { highWaterMark: 1024 * 1024 });
  source.on('data', (chunk) => {
    options.onBytes(chunk.length);
  });
  const reading = readArchive(source, archive, entries, options.signal);
  const results = await Promise.allSettled([new Unpacking(archive, directory).run(entries), reading]);
  options.signal.throwIfAborted();
  const errors = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  if (errors.length === 0) return;
  // Whichever side fails takes the other down with it: what has a name of its own is the cause.
  const named = errors.find((error) => error instanceof PublishError);
  if (named !== undefined) throw named;
  const [cause] = errors;
  throw new PublishError(
    'bad_archive',
    `unpack ${archive}: ${asError(cause).message}; wanted a whole tar or gzipped tar`,
    { path: archive, cause },
  );
}

async function readArchive(source: ReadStream, archive: string, entries: Extract, signal: AbortSignal): Promise<void> {
  const sink = (chunks: AsyncIterable<Uint8Array>): Promise<void> => feed(entries, chunks);
  try {
    await (GZIP_NAME.test(archive)
      ? pipeline(source, createGunzip(), sink, { signal })
      : pipeline(source, sink, { signal }));
  } catch (error) {
    entries.destroy(asError(error));
    throw error;
  }
}

class Unpacking {
  readonly #archive: string;
  readonly #directory: string;
  readonly #links: { path: string; target: string }[] = [];

  constructor(archive: string, directory: string) {
    this.#archive = archive;
    this.#directory = directory;
  }

  async run(entries: Extract): Promise<void> {
    let count = 0;
    for await (const entry of entries) {
      count += 1;
      if (count > ARCHIVE_ENTRIES_MAX) {
        throw new PublishError(
          'bad_archive',
          `unpack ${this.#archive}: found more than ${ARCHIVE_ENTRIES_MAX} entries`,
        );
      }
      await this.#naming(entry.header.name, () => this.#unpack(entry.header, entry));
    }
    // Last, so that nothing is ever written through a link; where they point is checked when the directory is scanned.
    for (const { path, target } of this.#links) await this.#naming(path, () => this.#writeLink(path, target));
  }

  async #unpack(header: Header, content: AsyncIterable<unknown>): Promise<void> {
    const path = header.name.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '');
    const isTop = path === '' || path === '.';
    const problem = isTop ? undefined : findPathProblem(path);
    if (problem !== undefined) throw this.#unsafe(header.name, describePathProblem(problem));
    const absolutePath = join(this.#directory, path);
    if (header.type === 'file' || header.type === 'contiguous-file') {
      await mkdir(dirname(absolutePath), { recursive: true });
      await this.#writeFile(path, content, (header.mode & 0o100) === 0 ? 0o644 : 0o755);
      return;
    }
    if (header.type === 'symlink') this.#links.push({ path, target: header.linkname });
    else if (header.type !== 'directory')
      throw this.#unsafe(path, `is a ${header.type}, wanted files, directories and symbolic links`);
    for await (const chunk of chunksOf(content)) {
      if (chunk.length > 0) throw this.#unsafe(path, `is a ${header.type} with content`);
    }
  }

  async #writeFile(path: string, content: AsyncIterable<unknown>, mode: number): Promise<void> {
    await pipeline(chunksOf(content), createWriteStream(join(this.#directory, path), { flags: 'wx', mode }));
  }

  async #writeLink(path: string, target: string): Promise<void> {
    await mkdir(dirname(join(this.#directory, path)), { recursive: true });
    await symlink(target, join(this.#directory, path));
  }

  async #naming(path: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const isTwice = error.code === 'EEXIST' || error.code === 'EISDIR' || error.code === 'ENOTDIR';
      if (isTwice) throw this.#unsafe(path, 'is there twice, perhaps in another case or as a directory');
      const where = `unpack ${this.#archive} into ${this.#directory}`;
      throw new PublishError('unpack_failed', `${where}: ${error.message}; TMPDIR chooses another place`, {
        path,
        cause: error,
      });
    }
  }

  #unsafe(path: string, found: string): PublishError {
    return new PublishError(
      'unsafe_archive',
      `unpack ${this.#archive}: ${JSON.stringify(path)} ${found}; nothing was published`,
      { path },
    );
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
