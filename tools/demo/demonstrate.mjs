import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { call, endAll, serve } from './command.mjs';
import { realBuilds } from './builds.mjs';

const GAME = 'ruffle';
const LAUNCHERS = 4;
/** How long each launcher goes on sharing after its own update: longer than the slowest needs. */
const SEED_SECONDS = 8;

/** The main job: two releases, an install, and a crowd that moves to the second release through the swarm. */
export async function demonstrate({ once, old, new: next, json }) {
  const interrupted = new Promise((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  const builds =
    old === undefined ? await realBuilds() : { old: resolve(old), new: resolve(next), title: `${old} → ${next}` };
  const directory = await mkdtemp(join(tmpdir(), 'swarmpatch-demo-'));
  try {
    const origin = await startOrigin(directory);
    const job = ship(builds, directory, origin).then((summary) => ({ summary }));
    const ended = await Promise.race([job, interrupted.then(() => ({}))]);
    if (ended.summary === undefined) {
      process.exitCode = 130;
      return;
    }
    print(ended.summary);
    if (json !== undefined) await writeFile(json, `${JSON.stringify(ended.summary, null, 2)}\n`);
    if (once) return;
    line(`The origin stays up at ${origin.http} (API: ${origin.http}/api/docs). Ctrl-C ends it.`);
    await interrupted;
  } finally {
    await endAll();
    await rm(directory, { recursive: true, force: true });
  }
}

async function startOrigin(directory) {
  const data = join(directory, 'origin');
  const beganMs = performance.now();
  const { ready } = await serve(
    'swarmpatch-origin',
    'start',
    '--data',
    data,
    '--http',
    '127.0.0.1:0',
    '--udp',
    '127.0.0.1:0',
  );
  step('origin ready', beganMs, ready.http);
  return { data, http: ready.http };
}

async function ship(builds, directory, origin) {
  line(`Shipping ${builds.title}`);
  const { token } = await call('swarmpatch-origin', 'token', 'create', '--data', origin.data, '--scope', 'admin');
  const keys = join(directory, 'keys');
  const studio = ['--game', GAME, '--origin', origin.http, '--token', token, '--keys', keys];
  await call('swarmpatch', 'keys', 'init', '--keys', keys);
  const { rootFingerprint } = await call('swarmpatch', 'game', 'create', GAME, '--title', 'Ruffle', ...studio.slice(2));
  const players = Array.from({ length: LAUNCHERS }, (_, index) => join(directory, `player${index + 1}`));
  const install = (player) =>
    timed(() =>
      call(
        'swarmpatch-launcher',
        'install',
        GAME,
        '--origin',
        origin.http,
        '--root-fingerprint',
        rootFingerprint,
        '--dir',
        player,
      ),
    );

  const first = await publish(builds.old, '1.0.0', studio);
  const installs = [await install(players[0])];
  tell('install  1.0.0', installs);
  const seed = await serve('swarmpatch-launcher', 'seed', '--dir', players[0]);
  installs.push(...(await Promise.all(players.slice(1).map(install))));
  await seed.stop();
  tell('install  1.0.0', installs.slice(1));

  const second = await publish(builds.new, '1.1.0', [...studio, '--wait-patches']);
  for (const { from, bytes } of second.patches) line(`patch    ${from} → 1.1.0: ${megabytes(bytes)} MB`);
  const updates = await Promise.all(
    players.map((player) =>
      timed(() => call('swarmpatch-launcher', 'update', '--dir', player, '--seed-for', SEED_SECONDS)),
    ),
  );
  tell('update   1.1.0', updates);
  for (const player of players) await call('swarmpatch-launcher', 'verify', '--dir', player);
  line('verified: every file of every install is the signed one');
  return { build: builds.title, releases: [first, second], installs, updates, totals: totals(updates) };
}

async function publish(build, version, studio) {
  const beganMs = performance.now();
  const release = await call('swarmpatch', 'publish', build, '--version', version, ...studio);
  step(
    `publish  ${version}`,
    beganMs,
    `${megabytes(release.bytes)} MB, uploaded ${megabytes(release.uploadedBytes)} MB`,
  );
  return release;
}

async function timed(job) {
  const beganMs = performance.now();
  const result = await job();
  return { ...result, wallSeconds: (performance.now() - beganMs) / 1000 };
}

function totals(results) {
  const sum = (key) => results.reduce((total, result) => total + result.bytes[key], 0);
  return {
    fromPeers: sum('fromPeers'),
    fromWebSeeds: sum('fromWebSeeds'),
    reused: sum('reused'),
    written: sum('written'),
  };
}

function tell(what, results) {
  for (const { bytes, seconds } of results) {
    const from = `peers ${megabytes(bytes.fromPeers)}  HTTP ${megabytes(bytes.fromWebSeeds)}  disk ${megabytes(bytes.reused)} MB`;
    line(`${what}  ${seconds.toFixed(1).padStart(5)} s  ${from}`);
  }
}

function print(summary) {
  const { fromPeers, fromWebSeeds, reused } = summary.totals;
  const moved = fromPeers + fromWebSeeds;
  const share = moved === 0 ? 0 : Math.round((100 * fromPeers) / moved);
  line('');
  line(
    `${LAUNCHERS} launchers moved to 1.1.0: ${megabytes(moved)} MB over the network, ${share}% of it from each other.`,
  );
  line(
    `from peers ${megabytes(fromPeers)} MB, from HTTP ${megabytes(fromWebSeeds)} MB, from disk ${megabytes(reused)} MB`,
  );
}

function step(what, beganMs, found) {
  line(`${what}  ${((performance.now() - beganMs) / 1000).toFixed(1).padStart(5)} s  ${found}`);
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

function line(text) {
  process.stdout.write(`${text}\n`);
}
