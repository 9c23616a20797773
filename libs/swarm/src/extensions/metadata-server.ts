import { encodeMetadataMessage, METADATA_PIECE_BYTES, parseMetadataMessage } from '@swarmpatch/peer-wire';

/** The answer to a metadata request (BEP 9), or undefined when none is due. @throws {ProtocolError} */
export function answerMetadataRequest(payload: Uint8Array, infoBytes: Uint8Array | undefined): Uint8Array | undefined {
  const message = parseMetadataMessage(payload);
  if (message?.type !== 'request') return undefined;
  const begin = message.piece * METADATA_PIECE_BYTES;
  if (!infoBytes || begin >= infoBytes.length) return encodeMetadataMessage({ type: 'reject', piece: message.piece });
  return encodeMetadataMessage({
    type: 'data',
    piece: message.piece,
    totalBytes: infoBytes.length,
    bytes: infoBytes.subarray(begin, begin + METADATA_PIECE_BYTES),
  });
}
