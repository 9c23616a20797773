import { z } from 'zod';
import { base64Schema, byteCountSchema, sha256HexSchema, versionSchema } from './fields.ts';

/** Largest JSON body of `PUT uploads/:version`, after gzip is undone: 60,000 files take about 50 MB of base64. */
export const UPLOAD_REQUEST_BYTES_MAX: number = 512 * 1024 * 1024;
/** Largest JSON body of every other request. */
export const REQUEST_BYTES_MAX: number = 32 * 1024 * 1024;
export const DOCUMENTS_MAX = 64;

/** `PUT /api/games/:game/uploads/:version`: begins an upload or finds it again. 409 `version_exists`. */
export interface BeginUploadRequest {
  /** Base64 of the manifest's bytes, exactly as the targets metadata will name them. */
  manifest: string;
  /** Base64 of `release.torrent`: info dictionary and piece layers, no URLs. */
  torrent: string;
}

export const beginUploadRequestSchema: z.ZodType<BeginUploadRequest> = z.object({
  manifest: base64Schema,
  torrent: base64Schema,
});

export interface MissingBlob {
  piecesRoot: string;
  length: number;
  /** Bytes received already: the upload goes on from this offset. */
  have: number;
}

export interface BeginUploadReply {
  missing: MissingBlob[];
}

export const beginUploadReplySchema: z.ZodType<BeginUploadReply> = z.object({
  missing: z.array(z.object({ piecesRoot: sha256HexSchema, length: byteCountSchema, have: byteCountSchema })),
});

/**
 * `GET /api/games/:game/uploads/:version`, with the token that will publish: answers before anything is hashed whether
 * the token may publish (401 `unauthorized`, 403 `forbidden`) and the version is free (409 `version_exists`).
 */
export interface UploadStateReply {
  version: string;
  /** `open`: a publish was cut short and can go on. */
  state: 'free' | 'open';
}

export const uploadStateReplySchema: z.ZodType<UploadStateReply> = z.object({
  version: versionSchema,
  state: z.enum(['free', 'open']),
});

/**
 * `POST …/uploads/:version/blobs`: `application/x-tar`; entries are named by `blobEntryName`. A stream that is cut keeps its
 * whole blobs and the part of the last one.
 */
export interface UploadBlobsReply {
  /** Blobs that became whole. */
  stored: number;
  /** Content bytes received in this request. */
  bytes: number;
}

export const uploadBlobsReplySchema: z.ZodType<UploadBlobsReply> = z.object({
  stored: z.int().min(0),
  bytes: byteCountSchema,
});

/** The name of a tar entry in a blob upload: `<piecesRoot>`, or `<piecesRoot>@<offset>` for the rest of a partial blob. */
export function blobEntryName(piecesRoot: string, offset: number): string {
  return offset === 0 ? piecesRoot : `${piecesRoot}@${offset}`;
}

/** @returns Undefined when `name` is not the name of a blob entry. */
export function parseBlobEntryName(name: string): { piecesRoot: string; offset: number } | undefined {
  const match = /^([0-9a-f]{64})(?:@([1-9][0-9]{0,15}))?$/.exec(name);
  if (match?.[1] === undefined) return undefined;
  const offset = match[2] === undefined ? 0 : Number(match[2]);
  return Number.isSafeInteger(offset) ? { piecesRoot: match[1], offset } : undefined;
}
