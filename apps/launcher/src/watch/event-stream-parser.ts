import { LauncherError } from '../launcher-error.ts';

/** Of one event with all its lines, in characters: a snapshot of a game with many patches is a tenth of it. */
export const STREAM_EVENT_CHARACTERS_MAX: number = 1024 * 1024;

export interface StreamEvent {
  /** `message` unless the stream names another. */
  readonly kind: string;
  readonly data: string;
}

/**
 * Server-sent events (HTML, 9.2.6): bytes in, events out. What it keeps is bounded whatever comes. Ids and `retry` are passed over:
 * who comes back is told how things stand, and when to come back is not the server's to say.
 */
export class EventStreamParser {
  readonly #decoder = new TextDecoder();
  #line = '';
  /** A line feed that comes next belongs to the line end before it. */
  #endedWithReturn = false;
  #kind = '';
  #data: string[] = [];
  #dataCharacters = 0;

  /** @throws {LauncherError} `bad_event_stream`; nothing can be read after it. */
  *receive(bytes: Uint8Array): Generator<StreamEvent, void> {
    const text = this.#decoder.decode(bytes, { stream: true });
    let start = 0;
    if (this.#endedWithReturn && text.startsWith('\n')) start = 1;
    if (text.length > 0) this.#endedWithReturn = text.endsWith('\r');
    for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) {
      if (index < start) continue;
      const line = this.#line + text.slice(start, index);
      this.#line = '';
      start = index + end.length;
      this.#refuseLong(line);
      const event = this.#take(line);
      if (event !== undefined) yield event;
    }
    this.#line += text.slice(start);
    this.#refuseLong(this.#line);
  }

  #take(line: string): StreamEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#kind = value;
    if (field === 'data') {
      this.#data.push(value);
      this.#dataCharacters += value.length + 1;
    }
    return undefined;
  }

  #dispatch(): StreamEvent | undefined {
    const kind = this.#kind === '' ? 'message' : this.#kind;
    const data = this.#data;
    this.#kind = '';
    this.#data = [];
    this.#dataCharacters = 0;
    return data.length === 0 ? undefined : { kind, data: data.join('\n') };
  }

  #refuseLong(line: string): void {
    if (line.length + this.#dataCharacters <= STREAM_EVENT_CHARACTERS_MAX) return;
    throw new LauncherError(
      'bad_event_stream',
      `listen for news: found an event of more than ${STREAM_EVENT_CHARACTERS_MAX} characters; asking from time to time instead`,
    );
  }
}
