import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { newsOf, NewsFeed } from './news-feed.ts';

const PATIENCE = { timeout: 15_000 };

describe('NewsFeed', () => {
  const told: string[] = [];
  let server: Server | undefined;
  let feed: NewsFeed | undefined;
  let running: Promise<void> | undefined;

  afterEach(async () => {
    feed?.stop();
    await running;
    server?.closeAllConnections();
    server?.close();
    told.length = 0;
  });

  async function listen(answer: RequestListener): Promise<void> {
    const origin = createServer(answer);
    server = origin;
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/events`;
    feed = new NewsFeed(url, 'stable', {
      opened: () => told.push('opened'),
      closed: (why) => told.push(`closed: ${why}`),
      news: (version) => told.push(version === '' ? 'news' : `news: ${version}`),
      patch: () => told.push('patch'),
    });
    running = feed.run();
  }

  const begin = (response: ServerResponse): ServerResponse => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    return response;
  };

  it('says that there is news, of its own channel alone', async () => {
    await listen((_request, response) => {
      begin(response).write(
        'event: channel\ndata: {"name":"beta"}\n\n:\n\nevent: channel\ndata: {"name":"stable","version":"1.1.0"}\n\n',
      );
    });
    await expect.poll(() => told, PATIENCE).toEqual(['opened', 'news: 1.1.0']);
  });

  it('says that there is another patch, whatever is said of it', async () => {
    await listen((_request, response) => void begin(response).write('event: patch\ndata: {\n\n'));
    await expect.poll(() => told, PATIENCE).toEqual(['opened', 'patch']);
  });

  it('comes back after the origin has ended the stream, or was restarted', async () => {
    let connections = 0;
    await listen((_request, response) => {
      connections += 1;
      if (connections === 1) begin(response).end();
      else if (connections === 2) response.writeHead(503).end();
      else begin(response).write('event: snapshot\ndata: {}\n\n');
    });
    await expect.poll(() => told.at(-1), PATIENCE).toBe('news');
    expect(told).toEqual([
      'opened',
      'closed: the origin ended the stream',
      'closed: the origin answered with status 503 and no events',
      'opened',
      'news',
    ]);
  });

  it('opens another connection when it is told that this one leads nowhere', async () => {
    let connections = 0;
    await listen((_request, response) => {
      connections += 1;
      begin(response);
    });
    await expect.poll(() => told, PATIENCE).toEqual(['opened']);
    feed?.restart();
    await expect.poll(() => told, PATIENCE).toEqual(['opened', 'opened']);
    expect(connections).toBe(2);
  });

  it.each([
    ['has no stream', (response: ServerResponse) => response.writeHead(404).end(), /status 404/],
    [
      'sends a page',
      (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      /no events/,
    ],
    ['never ends a line', (response: ServerResponse) => flood(begin(response), 'x'), /characters/],
    ['never stops', (response: ServerResponse) => flood(begin(response), ':\n'), /more than news can be/],
  ])('leaves an origin alone for a while that %s', async (_, answer, why) => {
    let connections = 0;
    await listen((_request, response) => {
      connections += 1;
      answer(response);
    });
    await expect.poll(() => told.at(-1), PATIENCE).toMatch(why);
    expect(connections).toBe(1);
  });

  it('takes what it cannot read for news', () => {
    expect(newsOf({ kind: 'channel', data: '{' }, 'stable')).toBe('');
    expect(newsOf({ kind: 'channel-removed', data: '7' }, 'stable')).toBe('');
    expect(newsOf({ kind: 'snapshot', data: '{"channels":[null,7]}' }, 'stable')).toBe('');
    expect(newsOf({ kind: 'release', data: '{"version":"1.0.0"}' }, 'stable')).toBeUndefined();
    expect(newsOf({ kind: 'something-later', data: '' }, 'stable')).toBeUndefined();
  });

  it('reads the version of its channel, and throws at nothing', () => {
    const channels = [
      { name: 'beta', version: '2.0.0' },
      { name: 'stable', version: '1.1.0' },
    ];
    expect(newsOf({ kind: 'snapshot', data: JSON.stringify({ channels }) }, 'stable')).toBe('1.1.0');
    expect(newsOf({ kind: 'channel', data: JSON.stringify(channels[0]) }, 'stable')).toBeUndefined();
    const kind = fc.constantFrom('snapshot', 'channel', 'channel-removed', 'patch');
    const json = fc.json({ maxDepth: 4 });
    fc.assert(
      fc.property(
        kind,
        fc.oneof(
          json,
          fc.string(),
          json.map((text) => `{"channels":[${text}]}`),
        ),
        (is, data) => {
          expect(['string', 'undefined']).toContain(typeof newsOf({ kind: is, data }, 'stable'));
        },
      ),
    );
  });
});

/** Writes as fast as it is read. */
function flood(response: ServerResponse, text: string): void {
  const chunk = text.repeat(65_536 / text.length);
  const fill = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', fill).on('error', () => undefined);
  fill();
}
