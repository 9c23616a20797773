import type { ServerResponse } from 'node:http';

/** Listeners at a time; each costs a connection. */
export const EVENT_LISTENERS_MAX = 32;
/** A listener that is this far behind is taken to be gone. */
export const EVENT_BACKLOG_BYTES_MAX: number = 256 * 1024;

/** Those who listen to `/events` (server-sent events of HTML). */
export class EventStreams {
  readonly #responses = new Set<ServerResponse>();

  /** False when there are too many. */
  add(response: ServerResponse): boolean {
    if (this.#responses.size >= EVENT_LISTENERS_MAX) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    this.#responses.add(response);
    response.once('close', () => this.#responses.delete(response));
    return true;
  }

  get isEmpty(): boolean {
    return this.#responses.size === 0;
  }

  /** What happens once; everyone is told. */
  send(kind: string, data: object): void {
    for (const response of this.#responses) sendEvent(response, kind, data);
  }

  /** What is told again soon: those who have not read the last ones are left out. */
  sendProgress(data: object): void {
    for (const response of this.#responses) if (!response.writableNeedDrain) sendEvent(response, 'progress', data);
  }

  end(): void {
    for (const response of this.#responses) response.end();
  }
}

/** JSON has no line breaks: the data of an event is one line. */
export function sendEvent(response: ServerResponse, kind: string, data: object): void {
  if (response.writableLength > EVENT_BACKLOG_BYTES_MAX) response.destroy();
  else response.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
}
