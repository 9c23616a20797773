import { once } from 'node:events';
import { get, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { gameEventSchema, type GameEvent } from '@swarmpatch/api-contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ScratchOrigin } from '../testing/scratch-origin.contract.ts';
import { draftRelease, someBytes, Studio } from '../testing/studio.contract.ts';
import { EVENT_LISTENERS_MAX, GameEvents } from './game-events.ts';

/** Reads the events of one connection, each as the contract has it. */
class Listener {
  readonly events: GameEvent[] = [];
  readonly response: IncomingMessage;
  readonly ended: Promise<unknown>;
  #text = '';

  private constructor(response: IncomingMessage) {
    this.response = response;
    this.ended = once(response, 'close');
    response.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    response.on('error', () => undefined);
  }

  static async open(url: string): Promise<Listener> {
    const request = get(url, { agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new Listener(response);
  }

  async until(event: GameEvent['event']): Promise<GameEvent> {
    for (;;) {
      const found = this.events.find((each) => each.event === event);
      if (found) return found;
      await once(this.response, 'data');
    }
  }

  #take(text: string): void {
    const blocks = (this.#text + text).split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) {
      const match = /^id: (\d+)\nevent: (.*)\ndata: (.*)$/.exec(block);
      if (match === null) continue;
      this.events.push(
        gameEventSchema.parse({ id: Number(match[1]), event: match[2], data: JSON.parse(match[3] ?? '') as unknown }),
      );
    }
  }
}

describe('the events of a game', () => {
  let origin: ScratchOrigin;
  let studio: Studio;
  let draftedCount = 0;
  const listeners: Listener[] = [];

  beforeAll(async () => {
    origin = await ScratchOrigin.start();
    studio = new Studio(origin.url, await origin.token('admin'), 'starfall');
    await studio.createGame();
    await studio.publish(draftRelease('starfall', '1.0.0', { a: someBytes(10) }));
  });
  afterEach(() => {
    for (const { response } of listeners.splice(0)) response.destroy();
  });
  afterAll(() => origin.remove());

  const listen = async (url = origin.url): Promise<Listener> => {
    const listener = await Listener.open(`${url}/api/games/starfall/events`);
    listeners.push(listener);
    return listener;
  };
  const publishNext = async (): Promise<string> => {
    draftedCount += 1;
    const version = `1.${draftedCount}.0`;
    expect(await studio.publish(draftRelease('starfall', version, { a: someBytes(10) }))).toMatchObject({
      status: 200,
    });
    return version;
  };

  it('begin with how it stands, and go on with what is published', async () => {
    const listener = await listen();
    expect(listener.response.headers['content-type']).toBe('text/event-stream');
    const snapshot = await listener.until('snapshot');
    expect(snapshot.data).toMatchObject({ game: 'starfall', channels: [{ name: 'stable' }], patches: [] });
    const version = await publishNext();
    expect(await listener.until('release')).toMatchObject({ data: { version } });
    const channel = await listener.until('channel');
    expect(channel).toMatchObject({ data: { name: 'stable', version } });
    expect(channel.id).toBeGreaterThan(snapshot.id);
  });

  it('tell who comes back what came meanwhile', async () => {
    const first = await listen();
    const before = await first.until('snapshot');
    first.response.destroy();
    const version = await publishNext();
    const snapshot = await (await listen()).until('snapshot');
    expect(snapshot).toMatchObject({ data: { channels: [{ name: 'stable', version }] } });
    expect(snapshot.id).toBeGreaterThan(before.id);
  });

  it('come from another origin on the same database, too', async () => {
    const other = await ScratchOrigin.start({ databaseUrl: `file:${origin.dataDirectory}/swarmpatch.db` });
    try {
      const listener = await listen(other.url);
      await listener.until('snapshot');
      const version = await publishNext();
      expect(await listener.until('release')).toMatchObject({ data: { version } });
    } finally {
      await other.remove();
    }
  });

  it('are forgotten with the connection', async () => {
    const hub = origin.running.app.get(GameEvents);
    await expect.poll(() => hub.listenerCount).toBe(0);
    const opened = await Promise.all(Array.from({ length: 20 }, () => listen()));
    await Promise.all(opened.map((listener) => listener.until('snapshot')));
    expect(hub.listenerCount).toBe(20);
    expect(await (await fetch(`${origin.url}/metrics`)).text()).toContain('swarmpatch_event_listeners 20');
    for (const { response } of opened) response.destroy();
    await expect.poll(() => hub.listenerCount).toBe(0);
  });

  it('are refused to one too many, and told to others again once somebody goes', async () => {
    const hub = origin.running.app.get(GameEvents);
    await expect.poll(() => hub.listenerCount).toBe(0);
    const responses = Array.from({ length: EVENT_LISTENERS_MAX }, () => {
      return new ServerResponse(new IncomingMessage(new Socket()));
    });
    await Promise.all(responses.map((response) => hub.listen('starfall', response)));
    const refused = await fetch(`${origin.url}/api/games/starfall/events`);
    expect([refused.status, await refused.json()]).toMatchObject([429, { error: { code: 'too_many_requests' } }]);
    for (const response of responses) response.emit('close');
    expect(hub.listenerCount).toBe(0);
    await (await listen()).until('snapshot');
  });

  it('are refused for a game that is not there, and end at once for who asks for their head', async () => {
    const unknown = await fetch(`${origin.url}/api/games/nothing/events`);
    expect(unknown.status).toBe(404);
    const head = await fetch(`${origin.url}/api/games/starfall/events`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  });

  it('are in the OpenAPI document', async () => {
    const { paths } = (await (await fetch(`${origin.url}/api/docs/openapi.json`)).json()) as {
      paths: Record<string, { get: { responses: Record<string, { content: object }> } }>;
    };
    const { responses } = paths['/api/games/{game}/events']?.get ?? { responses: {} };
    expect(Object.keys(responses['200']?.content ?? {})).toEqual(['text/event-stream']);
    expect(Object.keys(responses)).toEqual(['200', '404', '429']);
  });

  it('end with the origin, which does not wait for them', async () => {
    const listener = await listen();
    await listener.until('snapshot');
    await origin.stop();
    await listener.ended;
    expect(listener.response.complete).toBe(true);
    await origin.start();
    studio.at(origin.url);
    expect(await (await listen()).until('snapshot')).toMatchObject({ data: { game: 'starfall' } });
  });
});
