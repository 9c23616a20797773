import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { asDiskFull, InstallError, LOCK_PATH } from '@swarmpatch/install';
import type { DiskFileSystem } from './disk-file-system.ts';
import { ownRefused, refuseOwnElsewhere } from './own-directory.ts';

export interface LockHolder {
  pid: number;
  host: string;
  /** What the holder does, such as `update`: for people. */
  command: string;
  /** When it began, as ISO 8601 has it: to tell people, not to decide by. */
  since: string;
  /** Another one after every start of the machine; empty where the system does not say. */
  bootId: string;
  /** Tells this process from a later one with the same id; empty where the system does not say. */
  processStart: string;
  /** Tells this lock from every other. */
  nonce: string;
}

export interface InstallLock {
  release(): Promise<void>;
}

/** A dead holder's lock is taken over once; a second live one in between is somebody else's luck. */
const TAKEOVERS_MAX = 4;

const REFUSALS = ['EACCES', 'EPERM', 'EROFS'];

/**
 * Makes this process the only one that works on an install. The lock of a process that has ended is taken over.
 *
 * @param command What the lock is wanted for.
 * @throws {InstallError} `install_locked`, `parent_is_link`, `file_refused`, `disk_full`
 */
export async function lockInstall(files: DiskFileSystem, command: string): Promise<InstallLock> {
  await refuseOwnElsewhere(files);
  try {
    return await takeLock(files, command);
  } catch (error) {
    const errno = codeOf(error) ?? '';
    if (REFUSALS.includes(errno)) throw ownRefused(errno, error);
    throw asDiskFull('lock the install', error);
  }
}

/** Who works on an install now: undefined when nobody does, or only somebody who has ended. */
export async function lockHolderOf(files: DiskFileSystem): Promise<LockHolder | undefined> {
  const holder = await readHolder(files.absolute(LOCK_PATH));
  if (holder === undefined || holder === 'gone') return undefined;
  return (await isAlive(holder)) ? holder : undefined;
}

async function takeLock(files: DiskFileSystem, command: string): Promise<InstallLock> {
  const path = files.absolute(LOCK_PATH);
  const own: LockHolder = {
    pid: process.pid,
    host: hostname(),
    command,
    since: new Date().toISOString(),
    bootId: await readBootId(),
    processStart: (await processStartOf(process.pid)) ?? '',
    nonce: randomBytes(12).toString('hex'),
  };
  await fs.mkdir(dirname(path), { recursive: true });
  for (let attempt = 0; attempt < TAKEOVERS_MAX; attempt += 1) {
    if (await tryToLock(path, own)) {
      await sweep(path);
      return { release: () => unlock(path, own) };
    }
    const holder = await readHolder(path);
    if (holder === 'gone') continue;
    if (holder !== undefined && (await isAlive(holder))) throw locked(holder);
    await removeStale(path, holder);
  }
  throw locked(undefined);
}

/** The lock appears with its content or not at all: written beside, then linked into place. */
async function tryToLock(path: string, own: LockHolder): Promise<boolean> {
  const temporary = `${path}.${own.nonce}`;
  try {
    await fs.writeFile(temporary, JSON.stringify(own));
    await fs.link(temporary, path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    // Whoever has the lock may take what was written beside it for something left over.
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
    return await tryToCreate(path, own);
  } finally {
    await fs.rm(temporary, { force: true });
  }
}

/** Where the disk has no links. */
async function tryToCreate(path: string, own: LockHolder): Promise<boolean> {
  try {
    await fs.writeFile(path, JSON.stringify(own), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function unlock(path: string, own: LockHolder): Promise<void> {
  const holder = await readHolder(path);
  if (holder !== 'gone' && holder?.nonce === own.nonce) await fs.rm(path, { force: true });
}

/** Moves the dead lock away by name, and puts it back when it was not the dead one after all. */
async function removeStale(path: string, stale: LockHolder | undefined): Promise<void> {
  const aside = `${path}.${randomBytes(12).toString('hex')}`;
  try {
    await fs.rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await readHolder(aside);
  if (moved !== 'gone' && moved?.nonce !== stale?.nonce) await fs.link(aside, path).catch(() => undefined);
  await fs.rm(aside, { force: true });
}

/** Removes what processes that were killed while they locked have left beside the lock. */
async function sweep(path: string): Promise<void> {
  const directory = dirname(path);
  const names = await fs.readdir(directory);
  for (const name of names.filter((each) => each.startsWith(`${basename(path)}.`))) {
    const left = join(directory, name);
    const holder = await readHolder(left);
    if (holder === 'gone' || (holder !== undefined && (await isAlive(holder)))) continue;
    await fs.rm(left, { force: true });
  }
}

/** @returns undefined when what is there is no lock of a launcher. */
async function readHolder(path: string): Promise<LockHolder | undefined | 'gone'> {
  let text: string;
  try {
    text = await fs.readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'gone';
    throw error;
  }
  try {
    const value = JSON.parse(text) as Partial<LockHolder> | null;
    const { pid, host, command, since, bootId, processStart, nonce } = value ?? {};
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof command !== 'string') return undefined;
    return {
      pid,
      host,
      command,
      since: textOf(since),
      bootId: textOf(bootId),
      processStart: textOf(processStart),
      nonce: textOf(nonce),
    };
  } catch {
    return undefined;
  }
}

async function isAlive(holder: LockHolder): Promise<boolean> {
  // Nothing is known about processes of another machine; its user has to say that it is gone.
  if (holder.host !== hostname()) return true;
  const bootId = await readBootId();
  if (holder.bootId !== '' && bootId !== '' && holder.bootId !== bootId) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  const start = await processStartOf(holder.pid);
  return start === undefined || holder.processStart === '' || start === holder.processStart;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

async function readBootId(): Promise<string> {
  return (await fs.readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '')).trim();
}

/** Clock ticks from boot to the start of a process, as Linux tells. */
async function processStartOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await fs.readFile(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything; field 22 is the 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

export function describeHolder({
  pid,
  host,
  command,
  since,
}: Pick<LockHolder, 'pid' | 'host' | 'command' | 'since'>): string {
  return `process ${pid} on ${host} (${command}${since === '' ? '' : `, since ${since}`})`;
}

function locked(holder: LockHolder | undefined): InstallError {
  const found = holder === undefined ? 'it taken again and again' : describeHolder(holder);
  return new InstallError(
    'install_locked',
    `lock the install: found ${found}, wanted to be the only one; wait for it or end it${holder !== undefined && holder.host !== hostname() ? `, and remove ${LOCK_PATH} if that machine is gone` : ''}`,
    { path: LOCK_PATH },
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
