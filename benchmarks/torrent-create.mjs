// How fast is a hybrid torrent of one large file made, beside libtorrent? usage: node benchmarks/torrent-create.mjs [MIB] [ROUNDS]
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command, inScratch, measure, median, printTable, writeRandomFile } from './measure.mjs';

const MIB = 1024 * 1024;
const [sizeMiB = 1024, rounds = 5] = process.argv.slice(2).map(Number);
const script = fileURLToPath(new URL('torrent_create.py', import.meta.url));

await inScratch(async ({ directory }) => {
  const file = join(directory, 'large.bin');
  await writeRandomFile(file, sizeMiB * MIB);
  const out = (name) => join(directory, `${name}.torrent`);
  const make = () => measure(command('swarmpatch', 'torrent', 'create', file, '--out', out('ours')), directory);
  // Both with our choice of piece length; this run also brings the file into the page cache.
  const { pieceLength } = JSON.parse((await make()).stdout);
  const peer = ['/usr/bin/python3', script, file, out('theirs'), String(pieceLength)];
  const results = { swarmpatch: [], libtorrent: [] };
  for (let round = 0; round < rounds; round += 1) {
    results.swarmpatch.push(await make());
    results.libtorrent.push(await measure(peer, directory));
  }
  const of = (who, key) => median(results[who].map((result) => result[key]));
  printTable([
    [`${sizeMiB} MiB, hybrid, median of ${rounds}`, 'wall s', 'user s', 'system s', 'peak MiB'],
    ...Object.keys(results).map((who) => [
      who,
      of(who, 'wallSeconds').toFixed(2),
      of(who, 'userSeconds').toFixed(2),
      of(who, 'systemSeconds').toFixed(2),
      of(who, 'peakMiB').toFixed(0),
    ]),
    [
      'swarmpatch / libtorrent',
      ...['wallSeconds', 'userSeconds', 'systemSeconds', 'peakMiB'].map((key) =>
        (of('swarmpatch', key) / of('libtorrent', key)).toFixed(2),
      ),
    ],
  ]);
});
