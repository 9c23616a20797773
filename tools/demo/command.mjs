import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../prepare.mjs';

/** Commands that run, and when each has ended. */
const running = new Map();

/** Ends whatever still runs. */
export async function endAll() {
  for (const child of running.keys()) child.kill('SIGTERM');
  await Promise.allSettled(running.values());
}

/** Starts one of the three commands with --json. */
function start(name, argv) {
  // The commands' own scripts rather than the links in .bin: those are no executables on Windows.
  const script = join(
    root,
    { swarmpatch: 'apps/publisher/bin/swarmpatch.js' }[name] ?? `apps/${name.slice(11)}/bin/${name}.js`,
  );
  return spawn(process.execPath, [script, ...argv.map(String), '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a command to its end. @returns Its JSON document. */
export async function call(name, ...argv) {
  const child = start(name, argv);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]);
  if (code !== 0)
    throw new Error(`${name} ${argv.slice(0, 2).join(' ')}: exit code ${code}: ${err.trim() || out.trim()}`);
  return JSON.parse(out);
}

/** Starts a command that stays on. @returns Its first line as JSON, and how to stop it. */
export async function serve(name, ...argv) {
  const child = start(name, argv);
  let complaint = '';
  child.stderr.on('data', (chunk) => (complaint = `${complaint}${chunk}`.slice(-2000)));
  const exit = ended(child);
  const lines = createInterface({ input: child.stdout });
  const ready = await Promise.race([
    new Promise((resolve) => lines.once('line', (line) => resolve(JSON.parse(line)))),
    exit.then((code) => Promise.reject(new Error(`${name} ${argv[0]}: ended with exit code ${code}: ${complaint}`))),
  ]);
  return {
    ready,
    stop: async () => {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

function ended(child) {
  const end = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  }).finally(() => running.delete(child));
  running.set(child, end);
  return end;
}

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
