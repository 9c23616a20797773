// How fast does the origin serve one large file, beside nginx? usage: node benchmarks/web-seed.mjs [MIB] [ROUNDS]
import { spawn } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, inScratch, median, printTable, run, startStudio, writeRandomFile } from './measure.mjs';

const MIB = 1024 * 1024;
const PARALLEL = 4;
const REQUESTS = 4;
const [sizeMiB = 1024, rounds = 5] = process.argv.slice(2).map(Number);

await inScratch(async (scratch) => {
  const { directory } = scratch;
  const build = join(directory, 'build');
  await mkdir(build);
  await writeRandomFile(join(build, 'large.bin'), sizeMiB * MIB);
  const { http, publishing } = await startStudio(scratch, 'large');
  await run(command('swarmpatch', 'publish', build, '--version', '1.0.0', ...publishing));
  const urls = {
    origin: `${http}/content/large/1.0.0/large-1.0.0/large.bin`,
    nginx: `${await startNginx(scratch, build)}/large.bin`,
  };
  // Each server has a file of its own: the first reading brings it into the page cache.
  for (const url of Object.values(urls)) await read(url, 1);

  const loads = { 'one after another': 1, [`${PARALLEL} at once`]: PARALLEL };
  const rows = [[`${sizeMiB} MiB, MB/s, median of ${rounds}`, 'origin', 'nginx', 'origin / nginx']];
  for (const [name, connections] of Object.entries(loads)) {
    const speeds = { origin: [], nginx: [] };
    for (let round = 0; round < rounds; round += 1)
      for (const who of Object.keys(urls)) speeds[who].push(await read(urls[who], connections));
    const [ours, theirs] = [median(speeds.origin), median(speeds.nginx)];
    rows.push([name, ours.toFixed(0), theirs.toFixed(0), (ours / theirs).toFixed(2)]);
  }
  printTable(rows);
});

/** Reads the file a few times and drops it. @returns MB/s over all connections. */
async function read(url, connections) {
  const began = performance.now();
  const requests = Array.from({ length: REQUESTS / connections }, () => ['-o', '/dev/null', url]).flat();
  await Promise.all(Array.from({ length: connections }, () => run(['curl', '-sSf', ...requests])));
  return (REQUESTS * sizeMiB * MIB) / 1e3 / (performance.now() - began);
}

async function startNginx({ directory, keep }, build) {
  const root = join(directory, 'nginx');
  await mkdir(root);
  await copyFile(join(build, 'large.bin'), join(root, 'large.bin'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${root}/${name};`,
  );
  const settings = `
    daemon off; worker_processes auto; pid ${root}/pid; error_log ${root}/error.log; ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {}
    http { access_log off; sendfile on; tcp_nopush on; ${temporary.join(' ')} server { listen 127.0.0.1:${port}; root ${root}; } }`;
  await writeFile(join(root, 'nginx.conf'), settings);
  keep(
    spawn('nginx', ['-p', root, '-c', join(root, 'nginx.conf'), '-e', join(root, 'error.log')], { stdio: 'inherit' }),
  );
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(url, { method: 'HEAD' }).then(
      () => true,
      () => false,
    ))
  )
    await sleep(20);
  return url;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
