import { decodePrefix, encode, expectKind, findInteger } from '@swarmpatch/bencode';

import { MESSAGE_LIMITS, toProtocolError } from './extension-handshake.ts';
import { BLOCK_LENGTH_BYTES } from '../limits.ts';
import { ProtocolError } from '../protocol-error.ts';

export const METADATA_EXTENSION = 'ut_metadata';
export const METADATA_PIECE_BYTES: number = BLOCK_LENGTH_BYTES;

const TYPES = ['request', 'data', 'reject'] as const;

/** A message of the metadata exchange (BEP 9). `totalBytes` is the length of the whole info dictionary. */
export type MetadataMessage =
  | { readonly type: 'request' | 'reject'; readonly piece: number }
  | { readonly type: 'data'; readonly piece: number; readonly totalBytes: number; readonly bytes: Uint8Array };

/** The payload of a metadata message. */
export function encodeMetadataMessage(message: MetadataMessage): Uint8Array {
  const head = encode({
    msg_type: TYPES.indexOf(message.type),
    piece: message.piece,
    total_size: message.type === 'data' ? message.totalBytes : undefined,
  });
  if (message.type !== 'data') return head;
  const payload = new Uint8Array(head.length + message.bytes.length);
  payload.set(head);
  payload.set(message.bytes, head.length);
  return payload;
}

/**
 * @returns undefined for message types that are not known, which BEP 9 wants ignored.
 * @throws {ProtocolError} `bad_extension`, `bad_metadata`
 */
export function parseMetadataMessage(payload: Uint8Array): MetadataMessage | undefined {
  try {
    const { node, end } = decodePrefix(payload, 0, MESSAGE_LIMITS);
    const dictionary = expectKind(node, 'dictionary', 'a metadata message');
    const type = TYPES[findInteger(dictionary, 'msg_type') ?? -1];
    if (type === undefined) return undefined;
    const piece = findInteger(dictionary, 'piece');
    if (piece === undefined || piece < 0) throw badMetadata('no piece index is in it');
    if (type !== 'data') return { type, piece };
    const totalBytes = findInteger(dictionary, 'total_size');
    const bytes = payload.subarray(end);
    if (totalBytes === undefined || totalBytes < 1) throw badMetadata('no total size is in it');
    if (bytes.length > METADATA_PIECE_BYTES)
      throw badMetadata(`found ${bytes.length} bytes, at most ${METADATA_PIECE_BYTES} are wanted`);
    return { type, piece, totalBytes, bytes };
  } catch (error) {
    throw toProtocolError(error, 'a metadata message');
  }
}

function badMetadata(found: string): ProtocolError {
  return new ProtocolError('bad_metadata', `read a metadata message: ${found}`);
}
