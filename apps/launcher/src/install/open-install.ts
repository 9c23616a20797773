import { access, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  InstallError,
  readState,
  recover,
  STATE_DIRECTORY,
  writeState,
  type InstalledRelease,
  type InstallState,
  type Recovery,
} from '@swarmpatch/install';
import { DiskFileSystem, lockInstall, networkDriveOf, TreeHasher } from '@swarmpatch/node-io/file-system';
import { HashPool } from '@swarmpatch/node-io/hashing';
import type { CommandContext } from '@swarmpatch/terminal';

/** An install that this process alone works on, recovered from whatever stopped the last one. */
export class OpenInstall {
  readonly files: DiskFileSystem;
  readonly hasher: TreeHasher;
  /** What it was opened for, such as `update`. */
  readonly command: string;
  #state: InstallState;
  #isSaved: boolean;

  /** @param states What it is, and what is on disk; nothing there for an install that begins. */
  constructor(
    files: DiskFileSystem,
    hasher: TreeHasher,
    command: string,
    states: { state: InstallState; saved: InstallState | undefined },
  ) {
    this.files = files;
    this.hasher = hasher;
    this.command = command;
    this.#state = states.state;
    this.#isSaved = isDeepStrictEqual(states.state, states.saved);
  }

  get state(): InstallState {
    return this.#state;
  }

  /** May recorded lengths and times be believed? Not after a commit of which nobody knows how far it came. */
  get depth(): 'quick' | 'deep' {
    return this.#state.suspect ? 'deep' : 'quick';
  }

  /** The release that is whole on disk. @throws {InstallError} `not_installed` */
  get installed(): InstalledRelease {
    const { installed } = this.#state;
    if (installed !== undefined) return installed;
    throw new InstallError(
      'not_installed',
      `read the install of ${this.#state.game}: its first release is not whole yet; run update to go on`,
    );
  }

  /** Changes what the install remembers, on disk when anything differs. */
  async remember(change: Partial<InstallState>): Promise<void> {
    const state = { ...this.#state, ...change };
    if (this.#isSaved && isDeepStrictEqual(state, this.#state)) return;
    await writeState(this.files, state);
    this.#state = state;
    this.#isSaved = true;
  }

  /** Takes over the state that a commit wrote. */
  async reload(): Promise<void> {
    this.#state = (await readState(this.files)) ?? this.#state;
  }
}

/** Makes the state of a new install, where there is none or none that can be read, or changes that of one that is there. */
export type BeginInstall = (found: InstallState | undefined) => Promise<InstallState>;

export interface OpenOptions {
  /** Without it a directory that is no install is refused. */
  readonly begin?: BeginInstall;
  /** What others are told who find the install locked, where the command alone does not say it. */
  readonly doing?: string;
}

/**
 * Locks an install, recovers it, says so, and gives it to `work`.
 *
 * @throws {InstallError} `not_installed`, `install_locked`, `state_corrupt`
 */
export async function withInstall<T>(
  directory: string,
  command: string,
  context: CommandContext,
  work: (install: OpenInstall) => Promise<T>,
  { begin, doing }: OpenOptions = {},
): Promise<T> {
  const root = resolve(directory);
  const files = new DiskFileSystem(root);
  let directoryMade = false;
  if (begin === undefined) await refuseOther(files, directory);
  else directoryMade = (await mkdir(root, { recursive: true })) !== undefined;
  const lock = await lockInstall(files, doing ?? command);
  const pool = new HashPool();
  try {
    report(await recover(files), context);
    const found = await readState(files).catch((error: unknown) => {
      if (begin !== undefined && error instanceof InstallError && error.code === 'state_corrupt') return undefined;
      throw error;
    });
    const begun = begin === undefined ? found : await begin(found);
    if (begun === undefined) throw notInstalled(directory);
    if (begin !== undefined) await warnOfNetworkDrive(root, context);
    const state: InstallState = directoryMade ? { ...begun, directoryMade } : begun;
    return await work(new OpenInstall(files, new TreeHasher(files, pool), command, { state, saved: found }));
  } finally {
    await pool.close();
    await lock.release();
  }
}

/** Whether another process is at work on the install. */
export function isLocked(error: unknown): error is InstallError {
  return error instanceof InstallError && error.code === 'install_locked';
}

/** Said once, when a game is installed: what is promised about kills and power cuts holds only where a sync is one. */
async function warnOfNetworkDrive(root: string, context: Pick<CommandContext, 'warn'>): Promise<void> {
  const drive = await networkDriveOf(root);
  if (drive === undefined) return;
  context.warn(
    `${root} is on a network drive (${drive}): what it says is written may be lost when the connection or the server fails; run verify after that`,
  );
}

/** @throws {InstallError} `not_installed` */
export async function refuseOther(files: DiskFileSystem, directory: string): Promise<void> {
  try {
    await access(files.absolute(STATE_DIRECTORY));
  } catch {
    throw notInstalled(directory);
  }
}

export function report(recovery: Recovery, context: Pick<CommandContext, 'warn'>): void {
  if (recovery.kind === 'finished') {
    context.warn(`recovered: the update to ${recovery.version} was interrupted and is finished now`);
    for (const { path, to } of recovery.kept) context.warn(`kept ${path} as ${to}: it was in the way of the release`);
  }
  if (recovery.keptPlayable !== undefined) context.warn(describeKeptPlayable(recovery.keptPlayable));
  if (recovery.kind === 'suspect') {
    context.warn(`recovered in doubt: ${recovery.reason}; run repair to look at every file`);
  }
}

/** @param directory Relative to the install. */
export function describeKeptPlayable(directory: string): string {
  return `what the game wrote while it ran before the update was done is in ${directory}; look whether you need it`;
}

function notInstalled(directory: string): InstallError {
  return new InstallError(
    'not_installed',
    `open ${directory}: found no install, wanted one; make it with swarmpatch-launcher install`,
  );
}
