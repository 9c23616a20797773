import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';

/** What a magnet link names: the wanted info dictionary hashes to it. One at least is there. */
export interface MetadataIdentity {
  /** 20 bytes. */
  readonly infohashV1?: Uint8Array | undefined;
  /** 32 bytes. */
  readonly infohashV2?: Uint8Array | undefined;
}

export function isNamedBy(identity: MetadataIdentity, infoBytes: Uint8Array): boolean {
  const { infohashV1, infohashV2 } = identity;
  if (infohashV2 && Buffer.compare(hash('sha256', infoBytes, 'buffer'), infohashV2) !== 0) return false;
  if (infohashV1 && Buffer.compare(hash('sha1', infoBytes, 'buffer'), infohashV1) !== 0) return false;
  return infohashV1 !== undefined || infohashV2 !== undefined;
}
