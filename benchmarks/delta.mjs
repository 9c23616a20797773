// Patches: size, time, memory and the rate of applying, beside zstd --patch-from, xdelta3 and bsdiff over tars of both trees.
// usage: node benchmarks/delta.mjs [--efforts 6,9] OLD NEW [OLD NEW ...]
import { mkdir, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { command, inScratch, measure, run } from './measure.mjs';

/** bsdiff wants seventeen times the old tree, and hours for large ones. */
const BSDIFF_BYTES_MAX = 64 * 1024 * 1024;
const ZSTD_LONG_BYTES = 2 ** 30;

const { values, positionals: trees } = parseArgs({
  options: { efforts: { type: 'string', default: '6,9' } },
  allowPositionals: true,
});
const efforts = values.efforts.split(',').map(Number);
if (trees.length === 0 || trees.length % 2 !== 0) {
  throw new Error('measure patches: found no pairs of directories: give OLD NEW, and more pairs after them');
}
if (!efforts.every((effort) => Number.isInteger(effort) && effort >= 1 && effort <= 9)) {
  throw new Error(`measure patches: found efforts ${values.efforts}: give some of 1 to 9, as in --efforts 6,9`);
}

await inScratch(async ({ directory }) => {
  const pairs = [];
  for (let index = 0; index < trees.length; index += 2) {
    const [old, fresh] = trees.slice(index, index + 2);
    const name = `${basename(old)} > ${basename(fresh)}`;
    console.log(`\n${name}`);
    const peers = await measurePeers(old, fresh, directory);
    for (const effort of efforts) {
      const ours = await measureOurs(old, fresh, effort, directory);
      if (peers.length > 0) pairs.push({ name, effort, peers, ours });
    }
  }
  console.log('\nours / the smallest of the others: bytes, CPU');
  for (const { name, effort, peers, ours } of pairs) {
    const smallest = peers.reduce((best, peer) => (peer.bytes < best.bytes ? peer : best));
    const ratios = [ours.bytes / smallest.bytes, ours.cpuSeconds / smallest.cpuSeconds].map((ratio) =>
      ratio.toFixed(3),
    );
    console.log([`effort ${effort}`, name.padEnd(60), ...ratios, smallest.name].join('  '));
  }
  for (const effort of efforts) {
    const found = pairs.filter((pair) => pair.effort === effort);
    const logs = found.map(({ peers, ours }) => Math.log(ours.bytes / Math.min(...peers.map((peer) => peer.bytes))));
    const written = found.reduce((sum, { ours }) => sum + ours.writtenBytes, 0);
    const cpuSeconds = found.reduce((sum, { ours }) => sum + ours.cpuSeconds, 0);
    const mean = Math.exp(logs.reduce((sum, value) => sum + value, 0) / found.length);
    console.log(
      `effort ${effort}: geometric mean of bytes ${mean.toFixed(3)}, ${rate(written, cpuSeconds)} a core over all`,
    );
  }
  console.log(`${availableParallelism()} cores`);
});

async function measureOurs(old, fresh, effort, directory) {
  const patch = join(directory, 'patch');
  const applied = join(directory, 'applied');
  const create = ['delta', 'create', '--old', old, '--new', fresh, '--out', patch, '--effort', effort];
  const made = await measureProgram(command('swarmpatch', ...create), directory);
  const { bytes, writtenBytes } = JSON.parse(made.stdout);
  const apply = ['delta', 'apply', '--old', old, '--patch', patch, '--out', applied];
  const restored = await measure(command('swarmpatch', ...apply), directory);
  await run(['diff', '-rq', fresh, applied]);
  await rm(applied, { recursive: true });
  await rm(patch);
  const howApplied = `written ${mega(writtenBytes)}, applied in ${restored.wallSeconds.toFixed(1)} s, ${restored.peakMiB.toFixed(0)} MiB`;
  print(`effort ${effort}`, bytes, made, `${rate(writtenBytes, made.cpuSeconds)} a core`, howApplied);
  return { ...made, bytes, writtenBytes };
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
    const made = await measureProgram(line.map(String), directory);
    const { size: bytes } = await stat(out);
    print(name, bytes, made);
    found.push({ ...made, name, bytes });
  }
  await rm(tars, { recursive: true });
  return found;
}

async function measureProgram(line, directory) {
  const made = await measure(line, directory);
  return { ...made, cpuSeconds: made.userSeconds + made.systemSeconds };
}

function print(name, bytes, { wallSeconds, cpuSeconds, peakMiB }, ...more) {
  const time = `${wallSeconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s`;
  console.log([name.padEnd(22), String(bytes).padStart(11), time, `${peakMiB.toFixed(0)} MiB`, ...more].join('  '));
}

function rate(bytes, seconds) {
  return `${(bytes / 1e6 / seconds).toFixed(1)} MB/s`;
}

function mega(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
