import { setTimeout as sleep } from 'node:timers/promises';
import { sendHttp } from '@swarmpatch/node-io/http-client';
import { LauncherError } from '../launcher-error.ts';
import { BackOff } from './back-off.ts';
import { EventStreamParser, type StreamEvent } from './event-stream-parser.ts';

/** Three heartbeats of the origin: what is silent for longer is gone. */
export const STREAM_SILENCE_MS_MAX = 45_000;
/** Of one connection: an origin says a few lines a day. */
export const STREAM_BYTES_MAX: number = 16 * 1024 * 1024;
/** A connection that ends sooner counts as a failure. */
const LASTING_MS = 30_000;
const BACK_OFF = { firstMs: 1_000, lastMs: 60_000 };
/** An origin that has no such stream may get one with its next version. */
const REFUSED_MS = 5 * 60_000;

export interface NewsSink {
  opened(): void;
  /** @param why In words. */
  closed(why: string): void;
  /** There may be something new. @param version Of the channel now, as is said; empty where it is not. */
  news(version: string): void;
  /** There may be another patch. */
  patch(): void;
}

/** Listens to the events of a game for as long as it takes. What they say is a hint and nothing else. */
export class NewsFeed {
  readonly #url: string;
  readonly #channel: string;
  readonly #sink: NewsSink;
  readonly #backOff = new BackOff(BACK_OFF, Math.random);
  #connection = new AbortController();
  #isWanted = true;

  /** @param url Of the stream. */
  constructor(url: string, channel: string, sink: NewsSink) {
    this.#url = url;
    this.#channel = channel;
    this.#sink = sink;
  }

  /** Until `stop`. Never throws. */
  async run(): Promise<void> {
    while (this.#isWanted) {
      const { signal } = this.#connection;
      const startedMs = performance.now();
      const { why, restMs } = await this.#listen(signal).catch((error: unknown) => endOf(error));
      if (!signal.aborted) this.#sink.closed(why);
      if (performance.now() - startedMs >= LASTING_MS) this.#backOff.reset();
      await sleep(Math.max(restMs, this.#backOff.next()), undefined, { signal }).catch(() => undefined);
    }
  }

  /** The machine slept, or is on another network: this connection leads nowhere. */
  restart(): void {
    const before = this.#connection;
    this.#connection = new AbortController();
    this.#backOff.reset();
    before.abort();
  }

  stop(): void {
    this.#isWanted = false;
    this.#connection.abort();
  }

  async #listen(signal: AbortSignal): Promise<StreamEnd> {
    const headers = { accept: 'text/event-stream' };
    const response = await sendHttp({ url: this.#url, headers, idleTimeoutMs: STREAM_SILENCE_MS_MAX, signal });
    const isStream = response.header('content-type')?.startsWith('text/event-stream') === true;
    if (response.status !== 200 || !isStream) {
      await response.discard();
      const why = `the origin answered with status ${response.status} and no events`;
      return { why, restMs: response.status >= 500 ? 0 : REFUSED_MS };
    }
    this.#sink.opened();
    const parser = new EventStreamParser();
    let receivedBytes = 0;
    for await (const bytes of response.body) {
      receivedBytes += bytes.length;
      if (receivedBytes > STREAM_BYTES_MAX) return { why: 'the origin sent more than news can be', restMs: REFUSED_MS };
      for (const event of parser.receive(bytes)) {
        if (event.kind === 'patch') this.#sink.patch();
        const version = newsOf(event, this.#channel);
        if (version !== undefined) this.#sink.news(version);
      }
    }
    return { why: 'the origin ended the stream', restMs: 0 };
  }
}

/** How a connection ended, and how long to leave the origin alone at least. */
interface StreamEnd {
  readonly why: string;
  readonly restMs: number;
}

function endOf(error: unknown): StreamEnd {
  const why = error instanceof Error ? error.message : String(error);
  return { why, restMs: error instanceof LauncherError ? REFUSED_MS : 0 };
}

/**
 * Whether an event may mean another release for those on a channel. One that cannot be read may.
 *
 * @returns the version that it names, empty where it names none; undefined where it means nothing.
 */
export function newsOf({ kind, data }: StreamEvent, channel: string): string | undefined {
  if (kind !== 'snapshot' && kind !== 'channel' && kind !== 'channel-removed') return undefined;
  let value: { channels?: unknown; name?: unknown; version?: unknown } | null;
  try {
    value = JSON.parse(data) as typeof value;
  } catch {
    return '';
  }
  if (kind === 'snapshot') {
    const channels = Array.isArray(value?.channels) ? (value.channels as (typeof value)[]) : [];
    return textOf(channels.find((each) => each?.name === channel)?.version);
  }
  return value?.name === undefined || value.name === channel ? textOf(value?.version) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
