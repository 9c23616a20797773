import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const LISTING_BYTES_MAX: number = 8 * 1024 * 1024;
const LISTING_TIMEOUT_MS = 5_000;

/**
 * Whether a process of one of these names runs: the file name of a program, with or without `.exe`, in any case.
 *
 * @returns the name that was found, as it was asked for; undefined as well where the system does not tell.
 */
export async function findRunning(names: readonly string[]): Promise<string | undefined> {
  if (names.length === 0) return undefined;
  const running = await listProcesses().catch(() => new Set<string>());
  return names.find((name) => running.has(foldName(name)));
}

async function listProcesses(): Promise<Set<string>> {
  if (process.platform === 'linux') return listLinux();
  const options = { timeout: LISTING_TIMEOUT_MS, maxBuffer: LISTING_BYTES_MAX, windowsHide: true };
  if (process.platform === 'win32') {
    const { stdout } = await run('tasklist', ['/fo', 'csv', '/nh'], options);
    return new Set(parseTaskList(stdout));
  }
  const { stdout } = await run('ps', ['-A', '-o', 'comm='], options);
  return new Set(stdout.split('\n').map((line) => foldName(basename(line.trim()))));
}

/** @param csv As `tasklist /fo csv /nh` prints: one process a line, its name first. */
export function parseTaskList(csv: string): string[] {
  return csv
    .split(/\r?\n/)
    .map((line) => /^"([^"]*)"/.exec(line)?.[1])
    .filter((name) => name !== undefined)
    .map(foldName);
}

async function listLinux(): Promise<Set<string>> {
  const names = new Set<string>();
  const entries = await readdir('/proc');
  await Promise.all(
    entries
      .filter((entry) => /^\d+$/.test(entry))
      .map(async (pid) => {
        // What the program was called with tells all of its name; the kernel's own name of it ends after 15 characters.
        const [command, argv] = await Promise.all([
          readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''),
          readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        ]);
        names.add(foldName(command.trim()));
        names.add(foldName(programOf(argv)));
      }),
  );
  names.delete('');
  return names;
}

/** Wine shows a game by the path that Windows would know it under. */
function programOf(argv: string): string {
  const program = argv.split('\0', 1)[0] ?? '';
  return program.slice(Math.max(program.lastIndexOf('/'), program.lastIndexOf('\\')) + 1);
}

function foldName(name: string): string {
  return name.toLowerCase().replace(/\.exe$/, '');
}
