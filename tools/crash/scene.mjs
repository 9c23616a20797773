import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { summarizeBuild, writeBuild } from '@swarmpatch/testkit';
import { call, endAll, serve } from '../demo/command.mjs';
import { makeReleases, OLD, NEW } from './releases.mjs';
import { launch } from './launcher-run.mjs';

const GAME = 'starfall';

/** What a small disk takes for itself. */
const DISK_OVERHEAD_KIB = 128;

/** Files of the player: kept wherever they are, and whatever becomes of the release. */
const OWN_FILES = {
  'saves/slot1.sav': 'level 7',
  'data/notes of mine.txt': 'the key is under the mat',
  'mods/loud.pak': 'boom',
};
/** And those that stand where a release has a file. */
const IN_THE_WAY = { 'levels/new.pak': 'a level of mine', 'config.ini': 'volume = 11' };

/**
 * One origin with two releases, and installs that rounds begin with:
 *
 * - `old` and `new`: the release, whole, and files of the player; `changed`: the older one, with files of his in the way of the newer;
 * - `damaged`: the older release with a flipped bit, a cut file and a lost one;
 * - `empty`: nothing.
 */
export class CrashScene {
  /** @type {{ fingerprint: string, http: string }} */
  #origin;

  constructor(directory, releases) {
    this.directory = directory;
    /** Which file of which content, by version. */
    this.trees = { [OLD]: summarizeBuild(releases[OLD]), [NEW]: summarizeBuild(releases[NEW]) };
    this.releaseBytes = releases[NEW].reduce((sum, { content }) => sum + content.length, 0);
    /** What the player put there, by the install's name: path and content. */
    this.ownFiles = {
      old: OWN_FILES,
      new: OWN_FILES,
      damaged: OWN_FILES,
      changed: { ...OWN_FILES, ...IN_THE_WAY },
      empty: {},
    };
  }

  static async open({ seed, hugeBytes }) {
    const directory = await mkdtemp(join(tmpdir(), 'swarmpatch-crash-'));
    const releases = makeReleases(seed, hugeBytes);
    const scene = new CrashScene(directory, releases);
    process.once('exit', endAll);
    await scene.#publish(releases);
    await scene.#installAll();
    return scene;
  }

  /** Ends the origin; what failed stays to be looked at. */
  async close({ keep }) {
    await endAll();
    process.off('exit', endAll);
    if (!keep) await rm(this.directory, { recursive: true, force: true });
  }

  installing(directory, version) {
    const { http, fingerprint } = this.#origin;
    const trust = ['--origin', http, '--root-fingerprint', fingerprint];
    return ['install', GAME, ...trust, '--dir', directory, '--version', version, '--no-peers'];
  }

  updating(directory, version) {
    return ['update', '--dir', directory, '--version', version, '--no-peers'];
  }

  template(name) {
    return join(this.directory, 'installs', name);
  }

  /** Makes a copy of an install, with every time of change as it was. */
  async copy(name, directory) {
    await mkdir(dirname(directory), { recursive: true });
    if (name === 'empty') await mkdir(directory, { recursive: true });
    else await run('cp', ['-a', `${this.template(name)}/.`, directory]);
    return directory;
  }

  /** Room that an install takes. */
  async usedBytes(name) {
    if (name === 'empty') return 0;
    const usedKib = Number.parseInt(await run('du', ['-sk', this.template(name)]), 10);
    return 1024 * (usedKib + DISK_OVERHEAD_KIB);
  }

  async #publish(releases) {
    const data = join(this.directory, 'origin');
    const addresses = ['--http', '127.0.0.1:0', '--udp', '127.0.0.1:0'];
    const { ready } = await serve('swarmpatch-origin', 'start', '--data', data, ...addresses);
    const { token } = await call('swarmpatch-origin', 'token', 'create', '--data', data, '--scope', 'admin');
    const keys = join(this.directory, 'keys');
    const access = ['--origin', ready.http, '--token', token, '--keys', keys];
    await call('swarmpatch', 'keys', 'init', '--keys', keys);
    const { rootFingerprint } = await call('swarmpatch', 'game', 'create', GAME, '--title', 'Starfall', ...access);
    this.#origin = { http: ready.http, fingerprint: rootFingerprint };
    for (const version of [OLD, NEW]) {
      const build = join(this.directory, `build-${version}`);
      await writeBuild(releases[version], build);
      await call('swarmpatch', 'publish', build, '--game', GAME, '--version', version, '--wait-patches', ...access);
    }
  }

  async #installAll() {
    await mkdir(this.template(''), { recursive: true });
    await succeed(this.installing(this.template('old'), OLD));
    await this.copy('old', this.template('new'));
    await succeed(this.updating(this.template('new'), NEW));
    await this.copy('old', this.template('changed'));
    await this.copy('old', this.template('damaged'));
    for (const [name, own] of Object.entries(this.ownFiles)) {
      for (const [path, content] of Object.entries(own)) await put(join(this.template(name), path), content);
    }
    await damage(this.template('damaged'));
  }
}

async function damage(directory) {
  const world = join(directory, 'data/world.pak');
  const bytes = await readFile(world);
  bytes[100_000] ^= 4;
  await writeFile(world, bytes);
  await truncate(join(directory, 'scripts/main.lua'), 50_000);
  await rm(join(directory, 'data/one-byte'));
}

async function put(path, content) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function succeed(argv) {
  const { exitCode, complaints } = await launch(argv);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: exit code ${exitCode}: ${complaints}`);
}

async function run(command, argv) {
  const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaints = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (complaints += chunk));
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ${argv.join(' ')}: exit code ${code}: ${complaints}`);
  return output;
}
