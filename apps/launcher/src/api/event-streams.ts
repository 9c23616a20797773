import type { ServerResponse } from 'node:http';

/** Listeners at a time; each costs a connection. */
export const EVENT_LISTENERS_MAX = 32;

/** Those who listen to `/events` (server-sent events of HTML). */
export class EventStreams {
  readonly #responses = new Set<ServerResponse>();

  /** False when there are too many. */
  add(response: ServerResponse): boolean {
    if (this.#responses.size >= EVENT_LISTENERS_MAX) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    this.#responses.add(response);
    response.once('close', () => this.#responses.delete(response));
    return true;
  }

  get isEmpty(): boolean {
    return this.#responses.size === 0;
  }

  send(kind: string, data: object): void {
    for (const response of this.#responses) sendEvent(response, kind, data);
  }

  end(): void {
    for (const response of this.#responses) response.end();
  }
}

/** Who does not read what was sent gets nothing more until it has. */
export function sendEvent(response: ServerResponse, kind: string, data: object): void {
  if (!response.writableNeedDrain) response.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
}
