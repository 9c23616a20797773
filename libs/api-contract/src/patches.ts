import { z } from 'zod';
import {
  byteCountSchema,
  gameIdSchema,
  instantSchema,
  sha1HexSchema,
  sha256HexSchema,
  versionSchema,
} from './fields.ts';

/**
 * `waiting` for its turn, `running`, `ready` and listed, `rejected` as not worth having, or `failed`. The last three are final, but
 * that what failed is tried once more later.
 */
export type PatchState = 'waiting' | 'running' | 'ready' | 'rejected' | 'failed';

/** A file that costs players dear with each release, because it is compressed, encrypted or shuffled as a whole. */
export interface DefeatedFile {
  path: string;
  bytes: number;
  /** About what is fetched for it. */
  costBytes: number;
}

/** How far the making of a patch is. */
export interface PatchProgress {
  phase: 'match' | 'compress' | 'check';
  /** Of what this phase goes through. */
  doneBytes: number;
  totalBytes: number;
}

export interface PatchSummary {
  from: string;
  to: string;
  state: PatchState;
  /** Why it was rejected or failed. */
  reason?: string | undefined;
  /** Of a running one, once it is known. */
  progress?: PatchProgress | undefined;
  /** Of a ready one: its length, what applying it writes and reads at most, and its torrent. */
  bytes?: number | undefined;
  writtenBytes?: number | undefined;
  oldReadBytes?: number | undefined;
  infohashV1?: string | undefined;
  infohashV2?: string | undefined;
  /** Of one that was made, files whose build defeats patching, the dearest first. */
  defeated?: DefeatedFile[] | undefined;
}

const patchSummarySchema: z.ZodType<PatchSummary> = z.object({
  from: versionSchema,
  to: versionSchema,
  state: z.enum(['waiting', 'running', 'ready', 'rejected', 'failed']),
  reason: z.string().optional(),
  progress: z
    .object({
      phase: z.enum(['match', 'compress', 'check']),
      doneBytes: byteCountSchema,
      totalBytes: byteCountSchema,
    })
    .optional(),
  bytes: byteCountSchema.optional(),
  writtenBytes: byteCountSchema.optional(),
  oldReadBytes: byteCountSchema.optional(),
  infohashV1: sha1HexSchema.optional(),
  infohashV2: sha256HexSchema.optional(),
  defeated: z.array(z.object({ path: z.string(), bytes: byteCountSchema, costBytes: byteCountSchema })).optional(),
});

/** `GET /api/games/:game/releases/:version/patches`: patches to that release, in the order of making. */
export interface PatchListReply {
  patches: PatchSummary[];
}

export const patchListReplySchema: z.ZodType<PatchListReply> = z.object({ patches: z.array(patchSummarySchema) });

/** What was seen of a version. */
export interface VersionStatus {
  version: string;
  /** Channels that name it. */
  channels: string[];
  /** Peers of its torrent now. */
  seeds: number;
  leechers: number;
  /** Most peers at once, and launchers that fetched its torrent, in the last 30 days. */
  peersMost: number;
  updates: number;
}

/** Bytes of the game's content since the origin started. */
export interface BytesBySource {
  /** Sent by this origin: releases and patches. */
  fromOrigin: number;
  /** Sent from peer to peer, as they say of themselves. */
  fromPeers: number;
}

/** `GET /api/games/:game/status` */
export interface GameStatusReply {
  game: string;
  /** Peers of all releases and patches now. */
  peers: number;
  /** Newest first. */
  versions: VersionStatus[];
  bytes: BytesBySource;
  /** Since when `bytes` are counted. */
  since: string;
  patches: PatchSummary[];
}

export const gameStatusReplySchema: z.ZodType<GameStatusReply> = z.object({
  game: gameIdSchema,
  peers: z.int().min(0),
  versions: z.array(
    z.object({
      version: versionSchema,
      channels: z.array(z.string()),
      seeds: z.int().min(0),
      leechers: z.int().min(0),
      peersMost: z.int().min(0),
      updates: z.int().min(0),
    }),
  ),
  bytes: z.object({ fromOrigin: byteCountSchema, fromPeers: byteCountSchema }),
  since: instantSchema,
  patches: z.array(patchSummarySchema),
});
