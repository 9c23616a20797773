import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { crlfShare, LineView } from './line-view.ts';

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'));

type Reading = 'at once' | 'later';

async function view(ends: 'crlf' | 'lf', bytes: Uint8Array, reading: Reading = 'at once'): Promise<LineView> {
  const read = (offset: number, length: number): Uint8Array | Promise<Uint8Array> => {
    expect(offset + length).toBeLessThanOrEqual(bytes.length);
    const part = bytes.subarray(offset, offset + length);
    return reading === 'later' ? Promise.resolve(part) : part;
  };
  return LineView.open({ lengthBytes: bytes.length, read }, ends);
}

async function readAll(lines: LineView): Promise<string> {
  const target = new Uint8Array(lines.length);
  await lines.read(0, target);
  return Buffer.from(target).toString('latin1');
}

describe('LineView', () => {
  it('puts a CR before each LF that has none, or leaves it out', async () => {
    const mixed = text('\na\r\n\rb\n\n\r\r\nc\r');
    expect(await readAll(await view('crlf', mixed))).toBe('\r\na\r\n\rb\r\n\r\n\r\r\nc\r');
    expect(await readAll(await view('lf', mixed))).toBe('\na\n\rb\n\n\r\nc\r');
    expect((await view('crlf', new Uint8Array(0))).length).toBe(0);
  });

  it('gives any part of the view, over the ends of blocks', async () => {
    const part = fc.constantFrom('\r', '\n', '\r\n', 'x'.repeat(65_533), 'w'.repeat(8_190), 'y'.repeat(2), 'z');
    const reading = fc.constantFrom<Reading>('at once', 'later');
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 30 }), fc.nat(), fc.nat(), reading, async (parts, a, b, how) => {
        const file = parts.join('');
        const expected = { crlf: file.replace(/(?<!\r)\n/g, '\r\n'), lf: file.replaceAll('\r\n', '\n') };
        for (const ends of ['crlf', 'lf'] as const) {
          const lines = await view(ends, text(file), how);
          expect(lines.length).toBe(expected[ends].length);
          const [from, to] = [a % (lines.length + 1), b % (lines.length + 1)].sort((x, y) => x - y) as [number, number];
          const target = new Uint8Array(to - from);
          await lines.read(from, target);
          expect(Buffer.from(target).toString('latin1') === expected[ends].slice(from, to)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('crlfShare()', () => {
  it('is the share of lines that end in CR LF, of text with lines', () => {
    expect(crlfShare(text('a\r\nb\n'))).toBe(0.5);
    expect(crlfShare(text('ab'))).toBeUndefined();
    expect(crlfShare(text('a\n\0'))).toBeUndefined();
  });
});
