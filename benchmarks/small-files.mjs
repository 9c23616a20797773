// How long does a build of very many small files take, step by step? usage: node benchmarks/small-files.mjs BUILD_DIRECTORY
import { join, resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import { command, inScratch, measure, printTable, startStudio } from './measure.mjs';

const [build] = process.argv.slice(2);
if (build === undefined) {
  process.stderr.write('usage: node benchmarks/small-files.mjs BUILD_DIRECTORY\n');
  process.exit(2);
}

await inScratch(async (scratch) => {
  const { directory } = scratch;
  const { http, child, publishing } = await startStudio(scratch, 'small');
  const player = join(directory, 'player');
  const launcher = (...argv) => command('swarmpatch-launcher', ...argv, '--dir', player);
  const steps = {
    // The floor: the same files copied by this machine's own means.
    'copy (Node cp)': [process.execPath, '-e', copyScript(resolve(build), join(directory, 'copy'))],
    publish: command('swarmpatch', 'publish', resolve(build), '--version', '1.0.0', ...publishing),
    'install over HTTP': launcher('install', 'small', '--origin', http, '--no-peers'),
    verify: launcher('verify'),
    'second verify': launcher('verify'),
  };
  const rows = [['step', 'wall s', 'CPU s', 'peak MiB', 'origin peak MiB so far']];
  for (const [name, argv] of Object.entries(steps)) {
    const { wallSeconds, userSeconds, systemSeconds, peakMiB } = await measure(argv, directory);
    const cpuSeconds = userSeconds + systemSeconds;
    rows.push([name, wallSeconds.toFixed(1), cpuSeconds.toFixed(1), peakMiB.toFixed(0), await peakMiBOf(child)]);
  }
  printTable(rows);
});

function copyScript(from, to) {
  return `require('node:fs').cpSync(${JSON.stringify(from)}, ${JSON.stringify(to)}, { recursive: true })`;
}

/** Where the system tells it. */
async function peakMiBOf({ pid }) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /VmHWM:\s+(\d+)/.exec(status)?.[1];
  return kibibytes === undefined ? '' : (Number(kibibytes) / 1024).toFixed(0);
}
