// Support of the benchmarks: whole processes, timed by GNU time; a scratch directory; an origin with a game.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { randomFillSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../node_modules/.bin/', import.meta.url));
const MIB = 1024 * 1024;

export const ORIGIN_ADDRESSES = ['--http', '127.0.0.1:0', '--udp', '127.0.0.1:0'];

/** Runs the job in a directory of its own and ends what it started, whatever happens. */
export async function inScratch(job) {
  const directory = await mkdtemp(join(tmpdir(), 'swarmpatch-benchmark-'));
  const children = [];
  try {
    await job({ directory, keep: (child) => children.push(child) });
  } finally {
    for (const child of children) {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  }
}

/** One of the built commands, for `measure` and `run`. */
export function command(name, ...argv) {
  return [join(BIN, name), ...argv.map(String), '--json'];
}

/** Runs a command line to its end. @returns Wall and CPU seconds, peak memory of its largest process, and stdout. */
export async function measure([program, ...argv], directory) {
  const report = join(directory, 'time');
  const began = performance.now();
  const stdout = await run(['/usr/bin/time', '-f', '%U %S %M', '-o', report, program, ...argv]);
  const wallSeconds = (performance.now() - began) / 1000;
  const [user, system, kibibytes] = (await readFile(report, 'utf8')).trim().split(' ').map(Number);
  return { wallSeconds, userSeconds: user, systemSeconds: system, peakMiB: kibibytes / 1024, stdout };
}

/** @returns stdout. */
export async function run([program, ...argv]) {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (code === 0) return out;
  throw new Error(`${program} ${argv.slice(0, 3).join(' ')}: exit code ${code}: ${err.slice(-500)}${out.slice(-500)}`);
}

/** An origin, and the options that publish a game there. */
export async function startStudio({ directory, keep }, game) {
  const data = join(directory, 'origin');
  const [program, ...argv] = command('swarmpatch-origin', 'start', '--data', data, ...ORIGIN_ADDRESSES);
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
  keep(child);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { http } = JSON.parse(line);
  const made = await run(command('swarmpatch-origin', 'token', 'create', '--data', data, '--scope', 'admin'));
  const keys = join(directory, 'keys');
  await run(command('swarmpatch', 'keys', 'init', '--keys', keys));
  const access = ['--origin', http, '--token', JSON.parse(made).token, '--keys', keys];
  await run(command('swarmpatch', 'game', 'create', game, '--title', game, ...access));
  return { http, child, publishing: ['--game', game, ...access] };
}

/** Writes a file of random bytes. */
export async function writeRandomFile(path, lengthBytes) {
  const stream = createWriteStream(path);
  const chunk = Buffer.alloc(MIB);
  for (let written = 0; written < lengthBytes; written += chunk.length) {
    if (!stream.write(Buffer.from(randomFillSync(chunk)))) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
}

export function median(values) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Prints rows of text as columns. */
export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, column) => String(cell).padEnd(widths[column]))
        .join('  ')
        .trimEnd()}\n`,
    );
}

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
