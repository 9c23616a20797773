import {
  type BencodeDictionary,
  BencodeError,
  decode,
  type DecodeOptions,
  type Encodable,
  encode,
  expectKind,
  find,
  findBytes,
  findInteger,
} from '@swarmpatch/bencode';

import { MESSAGE_BYTES_MAX } from '../limits.ts';
import { ProtocolError } from '../protocol-error.ts';

/** Id of the extension handshake among extended messages (BEP 10). */
export const EXTENSION_HANDSHAKE_ID = 0;
/** More names of extensions than any client has; the rest of a longer list is not read. */
export const EXTENSIONS_MAX = 64;

/** What a peer says of itself (BEP 10; `metadataSizeBytes` BEP 9, `uploadOnly` BEP 21). */
export interface ExtensionHandshake {
  /** By name, the ids under which the sender wants to receive each extension's messages. */
  readonly messages: ReadonlyMap<string, number>;
  readonly client?: string | undefined;
  /** Where the sender listens. */
  readonly listenPort?: number | undefined;
  /** Requests that the sender keeps in its queue before it drops some (`reqq`). */
  readonly requestsMax?: number | undefined;
  readonly metadataSizeBytes?: number | undefined;
  readonly uploadOnly?: boolean | undefined;
  /** Where the sender sees the receiver: 4 or 16 bytes. */
  readonly yourAddress?: Uint8Array | undefined;
  /** Where the sender can be reached, too: 4 bytes. */
  readonly ipv4?: Uint8Array | undefined;
  /** 16 bytes. */
  readonly ipv6?: Uint8Array | undefined;
  /** The sender would rather have its connections encrypted (`e`). */
  readonly prefersEncryption?: boolean | undefined;
}

/** The payload of the extension handshake. */
export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  const fields: Record<string, Encodable | undefined> = {
    m: new Map(handshake.messages),
    v: handshake.client,
    p: handshake.listenPort,
    reqq: handshake.requestsMax,
    metadata_size: handshake.metadataSizeBytes,
    upload_only: handshake.uploadOnly === undefined ? undefined : Number(handshake.uploadOnly),
    yourip: handshake.yourAddress,
    ipv4: handshake.ipv4,
    ipv6: handshake.ipv6,
    e: handshake.prefersEncryption === true ? 1 : undefined,
  };
  return encode(fields);
}

/** @throws {ProtocolError} `bad_extension` */
export function parseExtensionHandshake(payload: Uint8Array): ExtensionHandshake {
  try {
    const dictionary = expectKind(decode(payload, MESSAGE_LIMITS), 'dictionary', 'an extension handshake');
    const client = findBytes(dictionary, 'v');
    const uploadOnly = findInteger(dictionary, 'upload_only');
    return {
      messages: parseMessageIds(dictionary),
      client: client && new TextDecoder().decode(client),
      listenPort: within(findInteger(dictionary, 'p'), 1, 0xffff),
      requestsMax: within(findInteger(dictionary, 'reqq'), 1, 0xffff),
      metadataSizeBytes: within(findInteger(dictionary, 'metadata_size'), 1, Number.MAX_SAFE_INTEGER),
      uploadOnly: uploadOnly === undefined ? undefined : uploadOnly === 1,
      yourAddress: ofLength(findBytes(dictionary, 'yourip'), 4, 16),
      ipv4: ofLength(findBytes(dictionary, 'ipv4'), 4),
      ipv6: ofLength(findBytes(dictionary, 'ipv6'), 16),
      prefersEncryption: findInteger(dictionary, 'e') === 1,
    };
  } catch (error) {
    throw toProtocolError(error, 'an extension handshake');
  }
}

/** Copied: the payload goes with the socket's buffer. */
function ofLength(bytes: Uint8Array | undefined, ...lengths: number[]): Uint8Array | undefined {
  return bytes && lengths.includes(bytes.length) ? Uint8Array.from(bytes) : undefined;
}

/** Bounds for whatever bencode a peer sends. */
export const MESSAGE_LIMITS: DecodeOptions = {
  depthMax: 8,
  tokensMax: 20_000,
  bytesMax: MESSAGE_BYTES_MAX,
  keyOrder: 'any',
};

/** Malformed bencode in a message is the peer's fault; other errors pass through. */
export function toProtocolError(error: unknown, what: string): unknown {
  return error instanceof BencodeError ? new ProtocolError('bad_extension', `read ${what}: ${error.message}`) : error;
}

function parseMessageIds(dictionary: BencodeDictionary): Map<string, number> {
  const messages = new Map<string, number>();
  for (const [name, node] of find(dictionary, 'm', 'dictionary')?.entries ?? []) {
    if (messages.size === EXTENSIONS_MAX) break;
    if (node.kind === 'integer' && node.value > 0n && node.value < 256n) messages.set(name, Number(node.value));
  }
  return messages;
}

function within(value: number | undefined, low: number, high: number): number | undefined {
  return value !== undefined && value >= low && value <= high ? value : undefined;
}
