import { ProtocolError } from '../protocol-error.ts';

export const DONT_HAVE_EXTENSION = 'lt_donthave';

const PAYLOAD_BYTES = 4;

/** The payload that takes back a `have` (BEP 54). */
export function encodeDontHave(piece: number): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_BYTES);
  new DataView(payload.buffer).setUint32(0, piece);
  return payload;
}

/**
 * @returns The piece that the sender no longer has; not checked against the torrent.
 * @throws {ProtocolError} `bad_extension`
 */
export function parseDontHave(payload: Uint8Array): number {
  if (payload.length !== PAYLOAD_BYTES) {
    throw new ProtocolError(
      'bad_extension',
      `read a dont-have message: found ${payload.length} bytes, ${PAYLOAD_BYTES} are wanted`,
    );
  }
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}
