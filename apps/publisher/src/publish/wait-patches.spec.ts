import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PatchSummary } from '@swarmpatch/api-contract';
import { ApiError } from '@swarmpatch/node-io/api-client';
import { afterEach, expect, it } from 'vitest';
import { Origin } from '../origin/origin.ts';
import { waitForPatches } from './wait-patches.ts';

const stop = new AbortController();
const server = createServer();
afterEach(() => server.close().removeAllListeners('request').closeAllConnections());

/** Answers each request with the next of these, and the last for ever; a number is a status without a document. */
async function originThatSays(...answers: (PatchSummary[] | number)[]): Promise<Origin> {
  server.on('request', (request, response) => {
    expect(request.url).toBe('/api/games/g/releases/1.1.0/patches');
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? 500;
    if (typeof answer === 'number') response.writeHead(answer).end('{"error":{"code":"internal","message":"m"}}');
    else response.end(JSON.stringify({ patches: answer }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new Origin(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 't', stop.signal);
}

function patch(from: string, state: PatchSummary['state'], rest: Partial<PatchSummary> = {}): PatchSummary {
  return { from, to: '1.1.0', state, ...rest };
}

const waiting = { game: 'g', version: '1.1.0', onProgress: () => undefined };
const patience = { signal: stop.signal, onRetry: () => undefined, backoffMs: 1 };

it('waitForPatches() ends once none is waiting or running, with those that failed, and goes through a short outage', async () => {
  const last = [
    patch('1.0.0', 'ready', { bytes: 7 }),
    patch('0.9.0', 'failed', { reason: 'r' }),
    patch('0.8.0', 'rejected'),
  ];
  const origin = await originThatSays(
    [patch('1.0.0', 'waiting'), patch('0.9.0', 'waiting'), patch('0.8.0', 'rejected')],
    503,
    [patch('1.0.0', 'ready', { bytes: 7 }), patch('0.9.0', 'running'), patch('0.8.0', 'rejected')],
    last,
  );
  const seen: string[][] = [];
  const onProgress = (patches: readonly PatchSummary[]) => void seen.push(patches.map(({ state }) => state));
  expect(await waitForPatches({ ...waiting, origin, patience, onProgress })).toEqual(last);
  expect(seen).toEqual([
    ['waiting', 'waiting', 'rejected'],
    ['ready', 'running', 'rejected'],
    ['ready', 'failed', 'rejected'],
  ]);
});

it('waitForPatches() ends at once where none is planned', async () => {
  expect(await waitForPatches({ ...waiting, origin: await originThatSays([]), patience })).toEqual([]);
});

it('waitForPatches() passes on what the origin refuses', async () => {
  const refused = waitForPatches({ ...waiting, origin: await originThatSays(404), patience });
  await expect(refused).rejects.toBeInstanceOf(ApiError);
});

it('waitForPatches() ends when it is told to', async () => {
  const origin = await originThatSays([patch('1.0.0', 'running')]);
  const told = new AbortController();
  const waited = waitForPatches({
    ...waiting,
    origin,
    patience: { ...patience, signal: told.signal },
    onProgress: () => told.abort(),
  });
  await expect(waited).rejects.toMatchObject({ name: 'AbortError' });
});
