// Brings a fresh clone to where its commands run: packages installed as locked, everything built. Needs Node and npm alone.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const NODE_MIN = [20, 19];

export async function prepare() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) {
    throw new Error(
      `prepare Swarmpatch: found Node ${process.versions.node}, wanted ${NODE_MIN.join('.')} or newer; install that`,
    );
  }
  await install();
  await run('nx', ['run-many', '-t', 'build', '--output-style=static'], { quietly: true });
}

/** `npm ci`, when the lock file is not the one that was installed last. */
async function install() {
  const stampFile = join(root, 'node_modules/.cache/swarmpatch/installed');
  const lock = createHash('sha256')
    .update(await readFile(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = `${lock} ${process.version}\n`;
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return;
  say('installing packages (once, a minute or two)');
  await run('npm', ['ci', '--no-audit', '--no-fund'], { quietly: true });
  await mkdir(dirname(stampFile), { recursive: true });
  await writeFile(stampFile, stamp);
}

/** Runs a program of this workspace, or of the machine; `quietly` shows its output only when it fails. */
export async function run(command, argv, { quietly = false, env = {} } = {}) {
  const local = join(root, 'node_modules/.bin', command);
  const child = spawn(existsSync(local) ? local : command, argv, {
    cwd: root,
    env: { ...process.env, ...buildEnvironment(), ...env },
    stdio: quietly ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    shell: process.platform === 'win32',
  });
  const output = [];
  child.stdout?.on('data', (chunk) => output.push(chunk));
  child.stderr?.on('data', (chunk) => output.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve(signal === null ? exitCode : 1));
  });
  if (code !== 0) {
    process.stderr.write(Buffer.concat(output));
    throw new Error(`${command} ${argv.slice(0, 3).join(' ')}: exit code ${code}, wanted 0; what it printed is above`);
  }
}

export function say(text) {
  process.stderr.write(`swarmpatch: ${text}\n`);
}

function buildEnvironment() {
  const prefix = dirname(dirname(process.execPath));
  return {
    NX_TUI: 'false',
    NX_DAEMON: 'false',
    NX_NO_CLOUD: 'true',
    CHECKPOINT_DISABLE: '1',
    // Node's headers beside this Node spare the native database driver a download.
    ...(existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {}),
  };
}
