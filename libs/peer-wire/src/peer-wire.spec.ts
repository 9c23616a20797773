import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  encodeExtensionHandshake,
  encodeHandshake,
  encodeMessages,
  encodeMetadataMessage,
  parseExtensionHandshake,
  parseMetadataMessage,
  PeerWire,
  ProtocolError,
  type ProtocolErrorCode,
  type WireEvent,
  type WireMessage,
} from './index.ts';

const greeting = encodeHandshake({
  infohash: new Uint8Array(20).fill(7),
  peerId: new Uint8Array(20).fill(9),
  extensions: true,
  fast: true,
  v2: true,
});

const hashSpan = { piecesRoot: new Uint8Array(32).fill(3), baseLayer: 0, index: 4, length: 8, proofLayers: 2 };
const everyMessage: WireMessage[] = [
  { kind: 'keep_alive' },
  { kind: 'choke' },
  { kind: 'unchoke' },
  { kind: 'interested' },
  { kind: 'not_interested' },
  { kind: 'have', piece: 5 },
  { kind: 'bitfield', bits: new Uint8Array([0xf0, 1]) },
  { kind: 'request', piece: 1, begin: 16384, lengthBytes: 16384 },
  { kind: 'block', piece: 1, begin: 0, bytes: new Uint8Array(1000).fill(4) },
  { kind: 'cancel', piece: 1, begin: 16384, lengthBytes: 16384 },
  { kind: 'port', port: 6881 },
  { kind: 'suggest', piece: 2 },
  { kind: 'have_all' },
  { kind: 'have_none' },
  { kind: 'reject', piece: 0xffffffff, begin: 0, lengthBytes: 1 },
  { kind: 'allowed_fast', piece: 2 },
  { kind: 'extended', extensionId: 3, payload: new Uint8Array([1, 2, 3]) },
  { kind: 'hash_request', ...hashSpan },
  { kind: 'hashes', ...hashSpan, hashes: new Uint8Array(64).fill(8) },
  { kind: 'hash_reject', ...hashSpan },
  { kind: 'unknown', id: 99 },
];

/** Copies an event out of the socket's bytes. */
function keep(event: WireEvent): WireEvent {
  return Object.fromEntries(
    Object.entries(event).map(([key, value]) => [
      key,
      value instanceof Uint8Array ? value.slice() : (value as unknown),
    ]),
  ) as unknown as WireEvent;
}

function receiveAll(wire: PeerWire, chunks: Uint8Array[]): WireEvent[] {
  return chunks.flatMap((chunk) => {
    const events: WireEvent[] = [];
    for (const event of wire.receive(chunk)) events.push(keep(event));
    return events;
  });
}

function cut(bytes: Uint8Array, lengths: number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    chunks.push(bytes.slice(at, at + length));
    at += length;
  }
  return chunks;
}

function greeted(): PeerWire {
  const wire = new PeerWire({ bitfieldBytesMax: 2 });
  receiveAll(wire, [greeting]);
  return wire;
}

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Kept for good, and where fuzzing begins: what a peer may send after its handshake, and what that is called. */
const HOSTILE: readonly (readonly [name: string, bytes: readonly number[], code: ProtocolErrorCode])[] = [
  ['a 4 GiB prefix', [0xff, 0xff, 0xff, 0xff], 'message_too_long'],
  ['a bitfield longer than the torrent has', [0, 0, 0, 4, 5, 0, 0, 0], 'message_too_long'],
  ['a block of more than 16 KiB', [0, 0, 0x40, 10, 7], 'message_too_long'],
  ['a request cut short', [0, 0, 0, 5, 6, 0, 0, 0, 0], 'bad_message_length'],
  ['an empty block', [0, 0, 0, 9, 7, 0, 0, 0, 0, 0, 0, 0, 0], 'bad_message_length'],
  ['a choke with a payload', [0, 0, 0, 2, 0, 0], 'message_too_long'],
  ['half a hash', [0, 0, 0, 51, 22, ...new Array<number>(50).fill(0)], 'bad_message_length'],
];

describe('PeerWire', () => {
  it('reads every message however the stream is cut', () => {
    const stream = new Uint8Array([...greeting, ...encodeMessages(everyMessage)]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 6 }), (lengths) => {
        const [first, ...rest] = receiveAll(new PeerWire(), cut(stream, lengths));
        expect(first).toMatchObject({ kind: 'handshake', extensions: true, fast: true, v2: true });
        expect(rest).toEqual(everyMessage);
      }),
      { numRuns: 40 },
    );
    expect(receiveAll(new PeerWire(), cut(stream, [1])).slice(1)).toEqual(everyMessage);
  });

  it('says in the last reserved bit of the handshake whether there is a DHT node (BEP 5)', () => {
    const abilities = { extensions: false, fast: false, v2: false };
    for (const dht of [true, false]) {
      const bytes = encodeHandshake({ infohash: new Uint8Array(20), peerId: new Uint8Array(20), ...abilities, dht });
      expect(bytes[27]).toBe(dht ? 1 : 0);
      expect(receiveAll(new PeerWire(), [bytes])).toMatchObject([{ ...abilities, dht }]);
    }
  });

  it('refuses another protocol by its first byte', () => {
    expect(errorOf(() => receiveAll(new PeerWire(), [new TextEncoder().encode('GET / HTTP/1.1')]))).toMatchObject({
      code: 'bad_handshake',
    });
  });

  it.each(HOSTILE)('refuses %s', (_, bytes, code) => {
    expect(errorOf(() => receiveAll(greeted(), [new Uint8Array(bytes)]))).toMatchObject({ code });
    expect(errorOf(() => receiveAll(greeted(), cut(new Uint8Array(bytes), [1])))).toMatchObject({ code });
  });

  it('keeps memory for what has come, not for what is announced', () => {
    const held = (): number => process.memoryUsage().arrayBuffers;
    const before = held();
    const wires = Array.from({ length: 400 }, () => new PeerWire());
    for (const wire of wires) {
      receiveAll(wire, [greeting, Uint8Array.of(0, 4, 0, 0, 20, 0), new Uint8Array(1000)]);
    }
    expect(held() - before).toBeLessThan(wires.length * 8 * 1024);
  });

  it('makes one event of a flood of keep-alives, and reads what comes behind it', () => {
    const flood = new Uint8Array(64 * 1024);
    const stream = new Uint8Array([...flood, ...encodeMessages([{ kind: 'have', piece: 0 }]), 0, 0]);
    expect(receiveAll(greeted(), [stream])).toEqual([{ kind: 'keep_alive' }, { kind: 'have', piece: 0 }]);
  });

  it('gives events or a ProtocolError for arbitrary bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
        fc.boolean(),
        (chunks, afterGreeting) => {
          const wire = afterGreeting ? greeted() : new PeerWire();
          const error = errorOf(() => receiveAll(wire, chunks));
          if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
        },
      ),
    );
  });

  it.each([
    ['a valid stream', encodeMessages(everyMessage)] as const,
    ...HOSTILE.map(([name, bytes]) => [name, Uint8Array.from(bytes)] as const),
  ])('gives events or a ProtocolError for %s with changed bytes', (_, stream) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(stream.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const changed = stream.slice();
          for (const [at, value] of changes) changed[at] = value;
          const error = errorOf(() => receiveAll(greeted(), cut(changed, [1000])));
          if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
        },
      ),
    );
  });
});

describe('extension messages', () => {
  it('come back as they were sent', () => {
    const handshake = {
      messages: new Map([['ut_metadata', 3]]),
      client: 'Swarmpatch 1',
      listenPort: 6881,
      requestsMax: 500,
      metadataSizeBytes: 1234,
      uploadOnly: true,
      prefersEncryption: true,
      yourAddress: Uint8Array.of(192, 0, 2, 1),
      ipv4: Uint8Array.of(192, 0, 2, 2),
      ipv6: new Uint8Array(16).fill(2),
    };
    expect(parseExtensionHandshake(encodeExtensionHandshake(handshake))).toEqual(handshake);
    const data = { type: 'data', piece: 1, totalBytes: 20_000, bytes: new Uint8Array(3616).fill(1) } as const;
    expect(parseMetadataMessage(encodeMetadataMessage(data))).toEqual(data);
    expect(parseMetadataMessage(encodeMetadataMessage({ type: 'reject', piece: 2 }))).toEqual({
      type: 'reject',
      piece: 2,
    });
  });

  it('give a value or a ProtocolError for arbitrary and changed bytes', () => {
    const valid = encodeMetadataMessage({ type: 'data', piece: 0, totalBytes: 9, bytes: new Uint8Array(9) });
    const changed = fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, value]) => valid.with(at, value));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed), (payload) => {
        for (const parse of [parseExtensionHandshake, parseMetadataMessage]) {
          const error = errorOf(() => parse(payload));
          if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});
