import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GameStatusReply } from '@swarmpatch/api-contract';
import { executeProgram } from '@swarmpatch/terminal';
import { RecordedTerminal } from '@swarmpatch/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { status } from './status.ts';

const reply: GameStatusReply = {
  game: 'g',
  peers: 3,
  versions: [{ version: '1.1.0', channels: ['beta', 'stable'], seeds: 2, leechers: 1, peersMost: 9, updates: 4 }],
  bytes: { fromOrigin: 2048, fromPeers: 4096 },
  since: '2026-11-20T12:00:00.000Z',
  patches: [
    {
      ...{ from: '1.0.0', to: '1.1.0', state: 'ready', bytes: 1024 },
      defeated: [{ path: 'data.pak', bytes: 4 * 1024 * 1024, costBytes: 3 * 1024 * 1024 }],
    },
    {
      ...{ from: '0.8.0', to: '1.1.0', state: 'running' },
      progress: { phase: 'match', doneBytes: 1024, totalBytes: 4096 },
    },
    { from: '0.9.0', to: '1.1.0', state: 'failed', reason: 'it could not be read' },
  ],
};

const server = createServer((request, response) => {
  if (request.url === '/api/games/g/status') response.end(JSON.stringify(reply));
  else response.writeHead(404).end('{"error":{"code":"game_not_found","message":"there is no such game"}}');
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

async function run(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const terminal = new RecordedTerminal();
  const program = {
    name: 'swarmpatch',
    summary: '',
    version: '0.0.0',
    commands: [{ word: 'status', summary: '', load: () => Promise.resolve([status]) }],
  };
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const exitCode = await executeProgram(
    program,
    ['status', '--origin', origin, ...argv],
    terminal,
    new AbortController().signal,
  );
  return { exitCode, out: terminal.out, err: terminal.errors };
}

it('status prints versions in use, peers, bytes by source and patches', async () => {
  const { exitCode, out } = await run('--game', 'g');
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^g: 3 peers now; .* 4\.0 KiB to each other, the origin 2\.0 KiB$/m);
  expect(out).toMatch(/1\.1\.0 +beta, stable +2 +1 +9 +4/);
  expect(out).toMatch(/1\.0\.0 +1\.1\.0 +ready +1\.0 KiB/);
  expect(out).toMatch(/0\.8\.0 +1\.1\.0 +running +match: 1\.0 KiB of 4\.0 KiB/);
  expect(out).toMatch(/^ {2}data\.pak: 3\.0 MiB to fetch, of 4\.0 MiB$/m);
  expect(out).toMatch(/0\.9\.0 +1\.1\.0 +failed +it could not be read/);
});

it('status gives machines what the origin says, and passes on its refusals', async () => {
  expect(JSON.parse((await run('--game', 'g', '--json')).out)).toEqual(reply);
  const refused = await run('--game', 'other', '--json');
  expect(refused.exitCode).toBe(1);
  expect(refused.err).toContain('error[game_not_found]');
});
