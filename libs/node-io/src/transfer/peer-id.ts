import { randomBytes } from 'node:crypto';

/** How this client's peer ids start (BEP 20). */
export const PEER_ID_PREFIX = '-SP0100-';

/** 20 bytes. */
export function createPeerId(): Uint8Array {
  return Buffer.concat([Buffer.from(PEER_ID_PREFIX), randomBytes(20 - PEER_ID_PREFIX.length)]);
}
