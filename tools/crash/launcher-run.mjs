import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../prepare.mjs';

const LAUNCHER = join(root, 'apps/launcher/bin/swarmpatch-launcher.js');
const FAULT_POINTS = fileURLToPath(new URL('fault-points.mjs', import.meta.url));
/** No command of the harness takes a hundredth of it, unless the machine is very busy. */
const HANGING_MS = 600_000;

/**
 * Runs a launcher command to its end, whatever that is.
 *
 * @param how `plan` for its fault points (see fault-points.mjs), `killAfterMs` for a kill at any time.
 * @returns {Promise<{ argv: string[], exitCode: number | null, isKilled: boolean, document: object, complaints: string, milliseconds: number }>}
 */
export async function launch(argv, { plan, killAfterMs } = {}) {
  const preload =
    plan === undefined ? [] : ['--import', `file://${FAULT_POINTS}?${encodeURIComponent(JSON.stringify(plan))}`];
  const beganMs = performance.now();
  const child = spawn(process.execPath, [...preload, LAUNCHER, ...argv, '--json'], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (complaints += text));
  const killer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  let hangs = false;
  const patience = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, HANGING_MS);
  const [exitCode, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...end) => resolve(end));
  });
  clearTimeout(killer);
  clearTimeout(patience);
  if (hangs)
    throw new Error(`${argv.join(' ')}: found it running after ${HANGING_MS} ms, wanted an end; ${complaints}`);
  const milliseconds = performance.now() - beganMs;
  return { argv, exitCode, isKilled: signal === 'SIGKILL', document: parse(output), complaints, milliseconds };
}

/** The code of the error that a command ended with. */
export function codeOf({ document }) {
  return document.error?.code;
}

function parse(output) {
  try {
    return output === '' ? {} : JSON.parse(output);
  } catch {
    return { unreadable: output };
  }
}

/** Without what the caller's shell would tell the launcher, and without looking for anybody outside this machine. */
function environment() {
  const entries = Object.entries(process.env).filter(([name]) => !/^(SWARMPATCH_|VITEST|NODE_)/.test(name));
  const alone = { SWARMPATCH_NO_DHT: '1', SWARMPATCH_NO_LAN: '1', SWARMPATCH_NO_PORT_MAPPING: '1' };
  return { ...Object.fromEntries(entries), ...alone, NO_COLOR: '1' };
}
