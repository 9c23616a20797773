import { execFile } from 'node:child_process';
import { readdir, readlink, realpath } from 'node:fs/promises';
import { relative, isAbsolute } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const LISTING_BYTES_MAX: number = 8 * 1024 * 1024;
const LISTING_TIMEOUT_MS = 10_000;

/**
 * A program of an install that runs now.
 *
 * @returns its path within the install; undefined as well where the system does not tell.
 */
export async function findRunningProgram(directory: string): Promise<string | undefined> {
  const root = await realpath(directory).catch(() => directory);
  for (const program of await listPrograms().catch(() => [])) {
    const path = relative(root, program);
    if (path !== '' && !path.startsWith('..') && !isAbsolute(path)) return path.replaceAll('\\', '/');
  }
  return undefined;
}

/** Absolute paths of the programs that run, but this one. */
async function listPrograms(): Promise<string[]> {
  if (process.platform === 'linux') return listLinux();
  const options = { timeout: LISTING_TIMEOUT_MS, maxBuffer: LISTING_BYTES_MAX, windowsHide: true };
  const { stdout } =
    process.platform === 'win32'
      ? await run('powershell', ['-NoProfile', '-Command', '(Get-Process).Path'], options)
      : await run('ps', ['-A', '-o', 'comm='], options);
  return stdout
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((program) => isAbsolute(program) && program !== process.execPath);
}

async function listLinux(): Promise<string[]> {
  const own = String(process.pid);
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry) && entry !== own);
  const programs = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/exe`).catch(() => '')));
  return programs.filter((program) => program !== '');
}
