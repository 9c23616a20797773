import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Draft, draftRelease, someBytes, Studio, tarOf } from '../testing/studio.contract.ts';

/** As it was built. */
const ORIGIN = fileURLToPath(new URL('../../bin/swarmpatch-origin.js', import.meta.url));

interface Started {
  process: ChildProcess;
  http: string;
  udp: string;
}

let data: string;
let running: Started | undefined;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'origin-process-'));
});
afterAll(async () => {
  running?.process.kill('SIGKILL');
  await rm(data, { recursive: true, force: true });
});

async function start(...options: string[]): Promise<Started> {
  const argv = ['start', '--data', data, '--http', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--json', ...options];
  const child = spawn(process.execPath, [ORIGIN, ...argv], { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = JSON.parse(line) as { ready: boolean; http: string; udp: string };
    expect(ready).toEqual({
      ready: true,
      http: expect.stringMatching(/^http:/) as unknown,
      udp: expect.stringMatching(/^udp:/) as unknown,
    });
    return (running = { process: child, ...ready });
  }
  throw new Error('the origin ended before it was ready');
}

async function end({ process: child }: Started, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await exited)[0];
}

async function command(...argv: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(process.execPath, [ORIGIN, ...argv, '--data', data, '--json']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('swarmpatch-origin', () => {
  it('killed between upload and commit, and in the middle of a blob, publishes nothing, and the publisher goes on', async () => {
    const origin = await start();
    // While the origin runs: two processes write one database.
    const token = String((await command('token', 'create', '--scope', 'publish:g', '--expires', '1'))['token']);
    const studio = new Studio(origin.http, token, 'g');
    expect(await studio.createGame()).toMatchObject({ status: 200 });
    const large = someBytes(4 * 1024 * 1024);
    const draft: Draft = draftRelease('g', '1.0.0', { small: someBytes(100), large });
    expect(await studio.begin(draft)).toMatchObject({ status: 200 });
    const tar = await tarOf(
      [...draft.blobs].map(([name, bytes]) => ({ name, bytes })).toSorted((a, b) => a.bytes.length - b.bytes.length),
    );
    const half = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(tar.subarray(0, 2 * 1024 * 1024))),
    });
    const cut = studio.request('POST', `${studio.path('1.0.0')}/blobs`, half).catch(() => 'cut');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await end(origin, 'SIGKILL');
    expect(await cut).toBe('cut');

    const again = await start();
    const resumed = studio.at(again.http);
    expect((await resumed.request('GET', '/api/games/g/releases')).body['releases']).toEqual([]);
    expect((await fetch(`${again.http}/torrents/g/1.0.0.torrent`)).status).toBe(404);
    expect((await resumed.request('GET', studio.path('1.0.0'))).body['state']).toBe('open');
    expect(await resumed.begin(draft)).toMatchObject({ status: 200 });
    expect(await resumed.send(draft)).toMatchObject({ status: 200 });
    await end(again, 'SIGKILL');

    const third = studio.at((await start()).http);
    expect((await third.begin(draft)).body['missing']).toEqual([]);
    expect(await third.commit(draft)).toMatchObject({ status: 200 });
    expect((await third.request('GET', '/api/games/g')).body).toMatchObject({ latest: '1.0.0' });
  });

  it('stops at SIGTERM with exit code 0, and what is published is there again', async () => {
    if (!running) throw new Error('the origin is not running');
    expect(await end(running, 'SIGTERM')).toBe(0);
    const origin = await start('--public-url', 'https://play.example.org/g/');
    const service = await (await fetch(`${origin.http}/api/service`)).json();
    expect(service).toMatchObject({ publicUrl: 'https://play.example.org/g' });
    expect((await fetch(`${origin.http}/streams/g/1.0.0`, { method: 'HEAD' })).status).toBe(200);
    expect(await end(origin, 'SIGINT')).toBe(0);
  });

  it('lists and revokes tokens, and names what it cannot do', async () => {
    const { tokens } = (await command('token', 'list')) as { tokens: { id: string; scope: string }[] };
    expect(tokens).toEqual([expect.objectContaining({ scope: 'publish:g', expires: expect.any(String) as unknown })]);
    const id = tokens[0]?.id ?? '';
    expect(await command('token', 'revoke', id)).toEqual({ revoked: id });
    const failed = await command('token', 'revoke', id).catch((error: { code: number; stdout: string }) => error);
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('token_not_found') as unknown });
  });
});
