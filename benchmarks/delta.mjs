// Patches: size, time, memory and the rate of applying, beside zstd --patch-from, xdelta3 and bsdiff over tars of both trees.
// usage: node benchmarks/delta.mjs OLD NEW [OLD NEW ...]
import { mkdir, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';

import { command, inScratch, measure, run } from './measure.mjs';

const EFFORTS = [6, 9];
/** bsdiff wants seventeen times the old tree, and hours for large ones. */
const BSDIFF_BYTES_MAX = 64 * 1024 * 1024;
const ZSTD_LONG_BYTES = 2 ** 30;

const trees = process.argv.slice(2);
if (trees.length === 0 || trees.length % 2 !== 0) {
  throw new Error('measure patches: found no pairs of directories: give OLD NEW, and more pairs after them');
}

await inScratch(async ({ directory }) => {
  const ratios = new Map(EFFORTS.map((effort) => [effort, []]));
  for (let index = 0; index < trees.length; index += 2) {
    const [old, fresh] = trees.slice(index, index + 2);
    console.log(`\n${basename(old)} > ${basename(fresh)}`);
    const peers = await measurePeers(old, fresh, directory);
    const best = Math.min(...peers.map((peer) => peer.bytes));
    for (const effort of EFFORTS) {
      const ours = await measureOurs(old, fresh, effort, directory);
      ratios.get(effort).push(ours.bytes / best);
      print(`effort ${effort}`, ours, best);
    }
    for (const peer of peers) print(peer.name, peer, best);
  }
  for (const [effort, values] of ratios) {
    const mean = Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
    console.log(`\neffort ${effort}: geometric mean of ours over the best of the others: ${mean.toFixed(3)}`);
  }
  console.log(`${availableParallelism()} cores`);
});

async function measureOurs(old, fresh, effort, directory) {
  const patch = join(directory, 'patch');
  const applied = join(directory, 'applied');
  const create = ['delta', 'create', '--old', old, '--new', fresh, '--out', patch, '--effort', effort];
  const made = await measure(command('swarmpatch', ...create), directory);
  const { bytes, writtenBytes } = JSON.parse(made.stdout);
  const apply = ['delta', 'apply', '--old', old, '--patch', patch, '--out', applied];
  const restored = await measure(command('swarmpatch', ...apply), directory);
  await run(['diff', '-rq', fresh, applied]);
  await rm(applied, { recursive: true });
  await rm(patch);
  return {
    ...{ bytes, ...made },
    createRate: writtenBytes / 1e6 / (made.userSeconds + made.systemSeconds),
    apply: `written ${mega(writtenBytes)}, applied in ${restored.wallSeconds.toFixed(1)} s, ${restored.peakMiB.toFixed(0)} MiB`,
  };
}

async function measurePeers(old, fresh, directory) {
  const tars = join(directory, 'tars');
  await mkdir(tars);
  const [from, to] = [join(tars, 'old.tar'), join(tars, 'new.tar')];
  for (const [tree, tar] of [
    [old, from],
    [fresh, to],
  ]) {
    await run(['tar', 'cf', tar, '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '-C', tree, '.']);
  }
  const sizes = [(await stat(from)).size, (await stat(to)).size];
  const out = join(tars, 'out');
  const programs = [
    ['zstd -19 --patch-from', ['zstd', '-19', '--long=30', `--patch-from=${from}`, '-qf', to, '-o', out]],
    ['xdelta3 -9', ['xdelta3', '-e', '-9', '-S', 'lzma', '-B', 512_000_000, '-f', '-s', from, to, out]],
  ];
  if (Math.max(...sizes) <= BSDIFF_BYTES_MAX) programs.push(['bsdiff', ['bsdiff', from, to, out]]);
  const found = [];
  for (const [name, line] of programs) {
    if (Math.max(...sizes) > ZSTD_LONG_BYTES) break;
    const made = await measure(line.map(String), directory);
    found.push({ name, bytes: (await stat(out)).size, ...made });
  }
  await rm(tars, { recursive: true });
  return found;
}

function print(name, { bytes, wallSeconds, userSeconds, peakMiB, createRate, apply }, best) {
  const columns = [
    name.padEnd(22),
    String(bytes).padStart(11),
    (bytes / best).toFixed(3),
    `${wallSeconds.toFixed(1)} s, CPU ${userSeconds.toFixed(1)} s`,
    `${peakMiB.toFixed(0)} MiB`,
  ];
  if (createRate) columns.push(`${createRate.toFixed(1)} MB/s a core`, apply);
  console.log(columns.join('  '));
}

function mega(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
