import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { concerns, NewsFeed } from './news-feed.ts';

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
      news: () => told.push('news'),
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
        'event: channel\ndata: {"name":"beta"}\n\n:\n\nevent: channel\ndata: {"name":"stable"}\n\n',
      );
    });
    await expect.poll(() => told, PATIENCE).toEqual(['opened', 'news']);
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
    expect(concerns({ kind: 'channel', data: '{' }, 'stable')).toBe(true);
    expect(concerns({ kind: 'channel-removed', data: '7' }, 'stable')).toBe(true);
    expect(concerns({ kind: 'release', data: '{"version":"1.0.0"}' }, 'stable')).toBe(false);
    expect(concerns({ kind: 'something-later', data: '' }, 'stable')).toBe(false);
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
