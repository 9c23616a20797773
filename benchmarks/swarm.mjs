// How fast does a launcher fetch from one seed, and serve one or many, beside libtorrent?
// usage: node benchmarks/swarm.mjs [MIB] [ROUNDS]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { command, inScratch, measure, median, printTable, run, writeRandomFile } from './measure.mjs';

const MIB = 1024 * 1024;
const CROWD = 8;
const [sizeMiB = 512, rounds = 3] = process.argv.slice(2).map(Number);
const script = fileURLToPath(new URL('swarm_peer.py', import.meta.url));
const clients = ['swarmpatch', 'libtorrent'];

await inScratch(async (scratch) => {
  const { directory } = scratch;
  await mkdir(join(directory, 'seed'));
  const torrent = await makeTorrent(directory, 'large.bin', sizeMiB);
  const crowdTorrent = await makeTorrent(directory, 'crowd.bin', Math.ceil(sizeMiB / CROWD));
  const rows = [
    [
      `${sizeMiB} MiB, median of ${rounds}`,
      'wall s',
      'MB/s',
      'user s',
      'system s',
      'peak MiB',
      "seed's CPU s",
      "seed's peak MiB",
    ],
  ];
  const compare = async (title, torrentOfRun, leechers, pairs) => {
    const results = new Map(pairs.map((pair) => [pair, []]));
    const seeds = new Map();
    for (const { seed } of pairs) if (!seeds.has(seed)) seeds.set(seed, await startSeed(scratch, seed, torrentOfRun));
    for (let round = 0; round <= rounds; round += 1) {
      for (const pair of pairs) {
        const result = await fetchAtOnce(directory, pair.leecher, leechers, torrentOfRun, seeds.get(pair.seed));
        // The first round is not counted: libtorrent, too, compares a piece with its hash when it serves it first.
        if (round > 0) results.get(pair).push(result);
      }
    }
    const of = (pair, key) => median(results.get(pair).map((result) => result[key]));
    for (const pair of pairs) {
      const bytes = (await stat(torrentOfRun.file)).size * leechers;
      rows.push([
        `${title}: ${pair.leecher} from ${pair.seed}`,
        of(pair, 'wallSeconds').toFixed(2),
        (bytes / 1e6 / of(pair, 'wallSeconds')).toFixed(0),
        of(pair, 'userSeconds').toFixed(2),
        of(pair, 'systemSeconds').toFixed(2),
        of(pair, 'peakMiB').toFixed(0),
        of(pair, 'seedSeconds').toFixed(2),
        of(pair, 'seedPeakMiB').toFixed(0),
      ]);
    }
    const [ours, theirs] = pairs;
    rows.push([
      `${title}: time of libtorrent / ours`,
      (of(theirs, 'wallSeconds') / of(ours, 'wallSeconds')).toFixed(2),
    ]);
    for (const seed of seeds.values()) await endSeed(seed);
  };
  await compare(
    'one leecher',
    torrent,
    1,
    clients.map((leecher) => ({ leecher, seed: 'libtorrent' })),
  );
  await compare(
    'one seed',
    torrent,
    1,
    clients.map((seed) => ({ leecher: 'libtorrent', seed })),
  );
  await compare(
    `${CROWD} at once`,
    crowdTorrent,
    CROWD,
    clients.map((seed) => ({ leecher: 'libtorrent', seed })),
  );
  await compare(
    `${CROWD} at once, alike`,
    crowdTorrent,
    CROWD,
    clients.map((client) => ({ leecher: client, seed: client })),
  );
  printTable(rows.map((row) => Array.from(rows[0], (_, column) => row[column] ?? '')));
});

async function makeTorrent(directory, name, lengthMiB) {
  const file = join(directory, 'seed', name);
  const path = join(directory, `${name}.torrent`);
  await writeRandomFile(file, lengthMiB * MIB);
  await run(command('swarmpatch', 'torrent', 'create', file, '--out', path));
  return { file, path };
}

async function startSeed({ directory, keep }, client, torrent) {
  const port = await freePort();
  const [program, ...argv] =
    client === 'libtorrent'
      ? ['/usr/bin/python3', script, 'seed', torrent.path, join(directory, 'seed'), port]
      : launcherCommand(torrent, join(directory, 'seed'), '--listen', `127.0.0.1:${port}`, '--seed-for', 3600);
  const child = spawn(program, argv.map(String), { stdio: ['pipe', 'pipe', 'pipe'] });
  keep(child);
  if (client === 'libtorrent') await once(createInterface({ input: child.stdout }), 'line');
  else await accepting(port);
  return { child, port };
}

async function endSeed({ child }) {
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Runs leechers at the same time: wall seconds until the last has ended, CPU of all, memory of the largest. */
async function fetchAtOnce(directory, client, count, torrent, seed) {
  const before = await usageOf(seed.child.pid);
  const began = performance.now();
  const results = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const own = join(directory, `leecher-${index}`);
      await mkdir(own);
      const argv =
        client === 'libtorrent'
          ? ['/usr/bin/python3', script, 'fetch', torrent.path, own, String(seed.port)]
          : launcherCommand(torrent, own, '--peer', `127.0.0.1:${seed.port}`);
      return measure(argv, own);
    }),
  );
  const wallSeconds = (performance.now() - began) / 1000;
  const after = await usageOf(seed.child.pid);
  for (let index = 0; index < count; index += 1) await rm(join(directory, `leecher-${index}`), { recursive: true });
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  return {
    wallSeconds,
    userSeconds: sum('userSeconds'),
    systemSeconds: sum('systemSeconds'),
    peakMiB: Math.max(...results.map(({ peakMiB }) => peakMiB)),
    seedSeconds: after.seconds - before.seconds,
    seedPeakMiB: after.peakMiB,
  };
}

function launcherCommand(torrent, directory, ...options) {
  return command(
    'swarmpatch-launcher',
    'download',
    torrent.path,
    '--dir',
    directory,
    '--no-dht',
    '--no-lan',
    ...options,
  );
}

/** CPU seconds and peak memory of a running process, as Linux counts them: ticks are a hundredth of a second. */
async function usageOf(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    seconds: (Number(fields[13]) + Number(fields[14])) / 100,
    peakMiB: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The launcher listens when it has looked at the file. */
async function accepting(port) {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
