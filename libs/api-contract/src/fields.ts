import { parseChannelName, parseGameId, parseVersion } from '@swarmpatch/release';
import { z } from 'zod';

function passes(rule: (text: string) => string): (text: string) => boolean {
  return (text) => {
    try {
      return rule(text) === text;
    } catch {
      return false;
    }
  };
}

export const gameIdSchema: z.ZodType<string> = z.string().refine(passes(parseGameId), 'not a game id');
export const versionSchema: z.ZodType<string> = z.string().refine(passes(parseVersion), 'not a semantic version');
export const channelNameSchema: z.ZodType<string> = z.string().refine(passes(parseChannelName), 'not a channel name');
export const sha256HexSchema: z.ZodType<string> = z.string().regex(/^[0-9a-f]{64}$/);
export const sha1HexSchema: z.ZodType<string> = z.string().regex(/^[0-9a-f]{40}$/);
export const byteCountSchema: z.ZodType<number> = z.int().min(0);
export const percentSchema: z.ZodType<number> = z.number().min(0).max(100);
/** An instant in ISO 8601, UTC. */
export const instantSchema: z.ZodType<string> = z.iso.datetime();
export const base64Schema: z.ZodType<string> = z.base64();
