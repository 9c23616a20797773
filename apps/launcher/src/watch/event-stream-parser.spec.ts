import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LauncherError } from '../launcher-error.ts';
import { EventStreamParser, STREAM_EVENT_CHARACTERS_MAX, type StreamEvent } from './event-stream-parser.ts';

function parse(chunks: readonly Uint8Array[]): StreamEvent[] {
  const parser = new EventStreamParser();
  return chunks.flatMap((chunk) => [...parser.receive(chunk)]);
}

const parseText = (text: string): StreamEvent[] => parse([Buffer.from(text)]);

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('EventStreamParser', () => {
  it('reads events of several lines, with any line end, and passes over comments and other fields', () => {
    expect(parseText('retry: 3000\n\n:\n\nid: 7\nevent: channel\ndata: {"a":1}\n\n')).toEqual([
      { kind: 'channel', data: '{"a":1}' },
    ]);
    expect(parseText('data:one\r\ndata: two\r\n\r\ndata\rdata\r\rdata:  x\n\n')).toEqual([
      { kind: 'message', data: 'one\ntwo' },
      { kind: 'message', data: '\n' },
      { kind: 'message', data: ' x' },
    ]);
  });

  it('gives no event without data, none that is cut off, and no kind to the next one', () => {
    expect(parseText('event: channel\n\ndata: 1\n\nevent: late\ndata: 2\n')).toEqual([{ kind: 'message', data: '1' }]);
  });

  it('passes over a byte order mark', () => {
    expect(parseText('\ufeffdata: 1\n\n')).toEqual([{ kind: 'message', data: '1' }]);
  });

  it('gives the same wherever the bytes are cut', () => {
    const lines = fc.constantFrom('data: ä€😀', 'data', ':x', 'event: channel', '', '', 'id: 4', 'data:{}');
    const texts = fc.array(fc.tuple(lines, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 30 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(400), { maxLength: 8 }), (parts, places) => {
        const bytes = Buffer.from(parts.flat().join(''));
        expect(parse(cut(bytes, places))).toEqual(parse([bytes]));
      }),
    );
  });

  it('makes events or its own error of any bytes', () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ maxLength: 60 }).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), (chunks) => {
        try {
          for (const { kind, data } of parse(chunks)) expect([typeof kind, typeof data]).toEqual(['string', 'string']);
        } catch (error) {
          expect(error).toBeInstanceOf(LauncherError);
        }
      }),
    );
  });

  it.each([
    ['a line without an end', 'x'],
    ['an event without an end', 'data: some of it\n'],
    ['empty data without an end', 'data\n'],
    ['a comment without an end', `:${'x'.repeat(100)}`],
  ])('refuses %s before it has taken much more than the limit', (_, text) => {
    const parser = new EventStreamParser();
    const chunk = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
    let receivedBytes = 0;
    const flood = (): void => {
      while (receivedBytes < 100 * STREAM_EVENT_CHARACTERS_MAX) {
        receivedBytes += chunk.length;
        expect([...parser.receive(chunk)]).toEqual([]);
      }
    };
    expect(flood).toThrow(expect.objectContaining({ name: 'LauncherError', code: 'bad_event_stream' }));
    expect(receivedBytes).toBeLessThanOrEqual(8 * STREAM_EVENT_CHARACTERS_MAX);
  });
});
