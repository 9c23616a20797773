import { z } from 'zod';
import { base64Schema, versionSchema, channelNameSchema, percentSchema } from './fields.ts';
import { DOCUMENTS_MAX } from './uploads.ts';

/** `PUT /api/games/:game/trust`: the JSON texts of version 1 of root and targets, byte for byte as signed. */
export interface PutTrustRequest {
  root: string;
  targets: string;
}

export const putTrustRequestSchema: z.ZodType<PutTrustRequest> = z.object({ root: z.string(), targets: z.string() });

export interface PutTrustReply {
  game: string;
  rootFingerprint: string;
}

export const putTrustReplySchema: z.ZodType<PutTrustReply> = z.object({
  game: z.string(),
  rootFingerprint: z.string(),
});

/** A small target, such as a channel record, that travels with the metadata that names it. */
export interface TargetDocument {
  /** Target path, such as `channels/stable.json`. */
  path: string;
  base64: string;
}

/**
 * The body of `POST …/uploads/:version/commit` and of `PUT /api/games/:game/targets`: the next targets metadata, byte for byte
 * as signed. 409 `targets_version_conflict` when another publish came first: read the trust metadata again, sign again, retry.
 */
export interface PutTargetsRequest {
  targets: string;
  documents?: TargetDocument[] | undefined;
}

export const putTargetsRequestSchema: z.ZodType<PutTargetsRequest> = z.object({
  targets: z.string(),
  documents: z
    .array(z.object({ path: z.string().max(256), base64: base64Schema }))
    .max(DOCUMENTS_MAX)
    .optional(),
});

export interface PutTargetsReply {
  targetsVersion: number;
  channels: { name: string; version: string; rollout?: number | undefined }[];
}

const putTargetsReplyShape = {
  targetsVersion: z.int().min(1),
  channels: z.array(z.object({ name: channelNameSchema, version: versionSchema, rollout: percentSchema.optional() })),
};

export const putTargetsReplySchema: z.ZodType<PutTargetsReply> = z.object(putTargetsReplyShape);

export interface CommitUploadReply extends PutTargetsReply {
  version: string;
}

export const commitUploadReplySchema: z.ZodType<CommitUploadReply> = z.object({
  ...putTargetsReplyShape,
  version: versionSchema,
});
