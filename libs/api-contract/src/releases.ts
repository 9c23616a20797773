import { z } from 'zod';
import { byteCountSchema, instantSchema, sha1HexSchema, sha256HexSchema, versionSchema } from './fields.ts';

export type ReleaseState = 'published' | 'yanked';

export interface ReleaseSummary {
  version: string;
  state: ReleaseState;
  bytes: number;
  infohashV1: string;
  infohashV2: string;
  publishedAt: string;
}

const releaseSummaryShape = {
  version: versionSchema,
  state: z.enum(['published', 'yanked']),
  bytes: byteCountSchema,
  infohashV1: sha1HexSchema,
  infohashV2: sha256HexSchema,
  publishedAt: instantSchema,
};

/** `GET /api/games/:game/releases`: newest first. */
export interface ReleaseListReply {
  releases: ReleaseSummary[];
}

export const releaseListReplySchema: z.ZodType<ReleaseListReply> = z.object({
  releases: z.array(z.object(releaseSummaryShape)),
});

/** `GET /api/games/:game/releases/:version` */
export interface ReleaseReply extends ReleaseSummary {
  files: number;
  notes?: string | undefined;
  manifestSha256: string;
  /** Channels that name this release now. */
  channels: string[];
}

export const releaseReplySchema: z.ZodType<ReleaseReply> = z.object({
  ...releaseSummaryShape,
  files: z.int().min(0),
  notes: z.string().optional(),
  manifestSha256: sha256HexSchema,
  channels: z.array(z.string()),
});
