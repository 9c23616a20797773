// How fast is an install verified, beside the rate at which two threads of this machine hash? usage: node benchmarks/verify.mjs
// [MIB] [ROUNDS] [BUILD]
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mkdir } from 'node:fs/promises';
import { command, inScratch, measure, median, printTable, startStudio, writeRandomFile } from './measure.mjs';

const [mebibytes = 2048, rounds = 5] = process.argv.slice(2, 4).map(Number);
const build = process.argv[4];
const TWO_THREADS = fileURLToPath(new URL('two-thread-hash.mjs', import.meta.url));

await inScratch(async (scratch) => {
  const { directory } = scratch;
  const { http, publishing } = await startStudio(scratch, 'large');
  const large = join(directory, 'large');
  await mkdir(large);
  await writeRandomFile(join(large, 'world.pak'), mebibytes * 1024 * 1024);
  const player = await install(directory, { game: 'large', from: large, http, publishing });
  const world = join(player, 'world.pak');
  const ways = {
    verify: command('swarmpatch-launcher', 'verify', '--dir', player),
    'node:crypto, two threads': [process.execPath, TWO_THREADS, world],
    'sha256sum, one process': ['sha256sum', world],
    'verify --quick': command('swarmpatch-launcher', 'verify', '--quick', '--dir', player),
    'node, nothing to do': [process.execPath, '--eval', '0'],
  };
  const seconds = await time(ways, directory);
  const rows = [[`${mebibytes} MiB in one file`, 'wall s', 'MB/s', 'CPU s', 'peak MiB']];
  const megabytes = (mebibytes * 1024 * 1024) / 1e6;
  for (const [name, { wall, cpu, peak }] of seconds)
    rows.push([name, wall.toFixed(2), (megabytes / wall).toFixed(0), cpu.toFixed(2), peak.toFixed(0)]);
  printTable(rows);
  // A quick verification does all but read the file.
  for (const unit of ['wall', 'cpu']) {
    const beyond = (name, start) => seconds.get(name)[unit] - seconds.get(start)[unit];
    const [threads, verify] = [
      beyond('node:crypto, two threads', 'node, nothing to do'),
      beyond('verify', 'verify --quick'),
    ];
    process.stdout.write(
      `rate of verify / rate of two threads, ${unit}, start-up apart: ${(threads / verify).toFixed(2)}\n`,
    );
  }
  if (build !== undefined) await verifySmall(scratch, directory);
});

async function verifySmall(scratch, directory) {
  const second = join(directory, 'second');
  await mkdir(second);
  const { http, publishing } = await startStudio({ ...scratch, directory: second }, 'small');
  const player = await install(directory, { game: 'small', from: resolve(build), http, publishing });
  const seconds = await time(
    {
      'verify --quick': command('swarmpatch-launcher', 'verify', '--quick', '--dir', player),
      verify: command('swarmpatch-launcher', 'verify', '--dir', player),
    },
    directory,
  );
  const rows = [['many small files', 'wall s', 'CPU s', 'peak MiB']];
  for (const [name, { wall, cpu, peak }] of seconds)
    rows.push([name, wall.toFixed(2), cpu.toFixed(2), peak.toFixed(0)]);
  printTable(rows);
}

async function install(directory, { game, from, http, publishing }) {
  await measure(command('swarmpatch', 'publish', from, '--version', '1.0.0', ...publishing), directory);
  const player = join(directory, `${game}-player`);
  const argv = ['install', game, '--origin', http, '--no-peers', '--dir', player];
  await measure(command('swarmpatch-launcher', ...argv), directory);
  return player;
}

/** In turn, so that all see the same machine. @returns Medians by name. */
async function time(ways, directory) {
  const taken = new Map(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, argv] of Object.entries(ways)) taken.get(name).push(await measure(argv, directory));
  return new Map(
    Array.from(taken, ([name, runs]) => [
      name,
      {
        wall: median(runs.map((run) => run.wallSeconds)),
        cpu: median(runs.map((run) => run.userSeconds + run.systemSeconds)),
        peak: median(runs.map((run) => run.peakMiB)),
      },
    ]),
  );
}
