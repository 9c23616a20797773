import type { PutTargetsReply, PutTargetsRequest } from '@swarmpatch/api-contract';
import type { NextTargets, Published } from './publisher.ts';

export function nextTargetsOf({ targets, documents = [] }: PutTargetsRequest): NextTargets {
  return {
    bytes: new TextEncoder().encode(targets),
    documents: documents.map(({ path, base64 }) => ({ path, bytes: Buffer.from(base64, 'base64') })),
  };
}

export function targetsReplyOf({ targetsVersion, channels }: Published): PutTargetsReply {
  return {
    targetsVersion,
    channels: channels.map(({ name, version, rolloutPercent }) => ({
      name,
      version,
      ...(rolloutPercent !== undefined && { rollout: rolloutPercent }),
    })),
  };
}
