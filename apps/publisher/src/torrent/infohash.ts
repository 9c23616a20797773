import { Buffer } from 'node:buffer';

import type { Metainfo } from '@swarmpatch/metainfo';

export interface InfohashDocument {
  /** Hexadecimal; null where the format has none. */
  readonly infohashV1: string | null;
  readonly infohashV2: string | null;
}

export function infohashesOf({ infohashV1, infohashV2 }: Metainfo): InfohashDocument {
  return { infohashV1: infohashV1 ? toHex(infohashV1) : null, infohashV2: infohashV2 ? toHex(infohashV2) : null };
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
