import { type BencodeDictionary, decode, encode, expectKind, findBytes } from '@swarmpatch/bencode';

import { MESSAGE_LIMITS, toProtocolError } from './extension-handshake.ts';

export const PEX_EXTENSION = 'ut_pex';

/** Contacts that one message may add or drop, its peer's first message apart (BEP 11). */
export const PEX_CONTACTS_MAX = 50;

/** Contacts read of each list: a first message may be longer than the others; the rest of one without end is left unread. */
export const PEX_CONTACTS_READ_MAX = 200;

/** Bits of `PexAdded.flags`. */
export const PEX_FLAGS = { prefersEncryption: 1, uploadOnly: 2, utp: 4, holepunch: 8, reachable: 16 } as const;

const PORT_BYTES = 2;

/** An end of somebody's connections. */
export interface PexContact {
  /** 4 bytes, or 16 for IPv6. */
  readonly address: Uint8Array;
  readonly port: number;
}

export interface PexAdded extends PexContact {
  /** Of `PEX_FLAGS`. */
  readonly flags: number;
}

/** Who a peer is connected to since its last message, and is no longer (BEP 11). */
export interface PexMessage {
  readonly added: readonly PexAdded[];
  readonly dropped: readonly PexContact[];
}

/** The payload of a peer exchange message. */
export function encodePexMessage({ added, dropped }: PexMessage): Uint8Array {
  const [added4, added6] = byFamily(added);
  const [dropped4, dropped6] = byFamily(dropped);
  return encode({
    added: packContacts(added4),
    'added.f': packFlags(added4),
    added6: packContacts(added6),
    'added6.f': packFlags(added6),
    dropped: packContacts(dropped4),
    dropped6: packContacts(dropped6),
  });
}

/**
 * Contacts with port 0 and an incomplete last one are left out; missing flags are 0. The addresses view `payload`.
 *
 * @throws {ProtocolError} `bad_extension`
 */
export function parsePexMessage(payload: Uint8Array): PexMessage {
  try {
    const dictionary = expectKind(decode(payload, MESSAGE_LIMITS), 'dictionary', 'a peer exchange message');
    return {
      added: [...readAdded(dictionary, 'added', 4), ...readAdded(dictionary, 'added6', 16)],
      dropped: [...readContacts(dictionary, 'dropped', 4), ...readContacts(dictionary, 'dropped6', 16)].map(
        ({ address, port }) => ({ address, port }),
      ),
    };
  } catch (error) {
    throw toProtocolError(error, 'a peer exchange message');
  }
}

function readAdded(dictionary: BencodeDictionary, key: string, addressBytes: number): PexAdded[] {
  const flags = findBytes(dictionary, `${key}.f`);
  return readContacts(dictionary, key, addressBytes).map(({ address, port, place }) => ({
    address,
    port,
    flags: flags?.[place] ?? 0,
  }));
}

function readContacts(
  dictionary: BencodeDictionary,
  key: string,
  addressBytes: number,
): (PexContact & { place: number })[] {
  const packed = findBytes(dictionary, key) ?? new Uint8Array(0);
  const contactBytes = addressBytes + PORT_BYTES;
  const count = Math.min(PEX_CONTACTS_READ_MAX, Math.floor(packed.length / contactBytes));
  return Array.from({ length: count }, (_, place) => {
    const at = place * contactBytes;
    const portAt = at + addressBytes;
    const port = ((packed[portAt] ?? 0) << 8) | (packed[portAt + 1] ?? 0);
    return { address: packed.subarray(at, portAt), port, place };
  }).filter(({ port }) => port !== 0);
}

function byFamily<T extends PexContact>(contacts: readonly T[]): [ipv4: T[], ipv6: T[]] {
  const isIpv4 = ({ address }: T): boolean => address.length === 4;
  return [contacts.filter(isIpv4), contacts.filter((contact) => !isIpv4(contact))];
}

function packContacts(contacts: readonly PexContact[]): Uint8Array {
  return Uint8Array.from(contacts.flatMap(({ address, port }) => [...address, port >> 8, port & 0xff]));
}

function packFlags(contacts: readonly PexAdded[]): Uint8Array {
  return Uint8Array.from(contacts, ({ flags }) => flags);
}
