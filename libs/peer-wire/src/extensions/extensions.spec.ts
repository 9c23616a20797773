import { encode } from '@swarmpatch/bencode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ProtocolError } from '../protocol-error.ts';
import { encodeDontHave, parseDontHave } from './dont-have-message.ts';
import { encodePexMessage, parsePexMessage, PEX_CONTACTS_READ_MAX, PEX_FLAGS } from './pex-message.ts';

const flagged = PEX_FLAGS.reachable | PEX_FLAGS.uploadOnly;
const message = {
  added: [
    { address: Uint8Array.of(192, 0, 2, 1), port: 6881, flags: flagged },
    { address: Uint8Array.of(192, 0, 2, 2), port: 65_535, flags: 0 },
    { address: new Uint8Array(16).fill(0x20), port: 1, flags: PEX_FLAGS.prefersEncryption },
  ],
  dropped: [
    { address: Uint8Array.of(192, 0, 2, 3), port: 5000 },
    { address: new Uint8Array(16).fill(0x21), port: 5001 },
  ],
};

function plain(parsed: ReturnType<typeof parsePexMessage>): ReturnType<typeof parsePexMessage> {
  const copy = <T extends { readonly address: Uint8Array }>(contact: T): T => ({
    ...contact,
    address: Uint8Array.from(contact.address),
  });
  return { added: parsed.added.map(copy), dropped: parsed.dropped.map(copy) };
}

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('parsePexMessage()', () => {
  it('reads contacts of both families with their flags', () => {
    expect(plain(parsePexMessage(encodePexMessage(message)))).toEqual(message);
  });

  it('leaves out port 0 and half contacts, and keeps each flag with its contact', () => {
    const payload = encode({
      added: Uint8Array.of(1, 1, 1, 1, 0, 0, 2, 2, 2, 2, 0, 9, 3, 3, 3),
      'added.f': Uint8Array.of(1, 16),
    });
    expect(plain(parsePexMessage(payload))).toEqual({
      added: [{ address: Uint8Array.of(2, 2, 2, 2), port: 9, flags: 16 }],
      dropped: [],
    });
  });

  it('reads so many contacts of a list and no more', () => {
    const payload = encode({ added: new Uint8Array(6 * 5000).fill(1), dropped: new Uint8Array(6 * 5000).fill(1) });
    const { added, dropped } = parsePexMessage(payload);
    expect([added.length, dropped.length]).toEqual([PEX_CONTACTS_READ_MAX, PEX_CONTACTS_READ_MAX]);
  });
});

describe('parseDontHave()', () => {
  it('reads the piece that was written', () => {
    expect(parseDontHave(encodeDontHave(0xffff_fffe))).toBe(0xffff_fffe);
  });
});

describe('every extension message', () => {
  it('gives a value or a ProtocolError for arbitrary and changed bytes', () => {
    const valid = encodePexMessage(message);
    const changed = fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Uint8Array.from(valid);
      copy[at] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed), (payload) => {
        for (const parse of [parsePexMessage, parseDontHave]) {
          const error = errorOf(() => parse(payload));
          if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});
