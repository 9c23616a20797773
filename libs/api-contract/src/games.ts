import { z } from 'zod';
import { channelNameSchema, gameIdSchema, percentSchema, sha256HexSchema, versionSchema } from './fields.ts';

export const GAME_TITLE_CHARACTERS_MAX = 200;

/** `GET /api/service` */
export interface ServiceReply {
  name: string;
  version: string;
  /** Without a trailing slash. */
  publicUrl: string;
  /** Announce URLs, http and udp. */
  trackers: string[];
}

export const serviceReplySchema: z.ZodType<ServiceReply> = z.object({
  name: z.string(),
  version: z.string(),
  publicUrl: z.string(),
  trackers: z.array(z.string()),
});

/** `POST /api/games`: idempotent while the game is `pending`. */
export interface CreateGameRequest {
  id: string;
  title: string;
}

export const createGameRequestSchema: z.ZodType<CreateGameRequest> = z.object({
  id: gameIdSchema,
  title: z.string().trim().min(1).max(GAME_TITLE_CHARACTERS_MAX),
});

/** `pending` until the studio has sent the trust root. */
export type GameState = 'pending' | 'ready';

/** An Ed25519 public key: 32 bytes as hex, and the TUF key id made from it. */
export interface PublicKeyBody {
  keyId: string;
  publicKey: string;
}

const publicKeySchema = z.object({ keyId: sha256HexSchema, publicKey: sha256HexSchema });

export interface CreateGameReply {
  game: string;
  onlineKey: PublicKeyBody;
  state: GameState;
}

export const createGameReplySchema: z.ZodType<CreateGameReply> = z.object({
  game: gameIdSchema,
  onlineKey: publicKeySchema,
  state: z.enum(['pending', 'ready']),
});

export interface ChannelSummary {
  name: string;
  version: string;
  rollout?: number | undefined;
}

const channelSummarySchema: z.ZodType<ChannelSummary> = z.object({
  name: channelNameSchema,
  version: versionSchema,
  rollout: percentSchema.optional(),
});

/** `GET /api/games/:game` */
export interface GameReply {
  id: string;
  title: string;
  state: GameState;
  /** Absent while the game is pending. */
  rootFingerprint?: string | undefined;
  channels: ChannelSummary[];
  /** The version published last. */
  latest?: string | undefined;
}

export const gameReplySchema: z.ZodType<GameReply> = z.object({
  id: gameIdSchema,
  title: z.string(),
  state: z.enum(['pending', 'ready']),
  rootFingerprint: sha256HexSchema.optional(),
  channels: z.array(channelSummarySchema),
  latest: versionSchema.optional(),
});

/** `GET /api/games` */
export interface GameListReply {
  games: GameReply[];
}

export const gameListReplySchema: z.ZodType<GameListReply> = z.object({ games: z.array(gameReplySchema) });
