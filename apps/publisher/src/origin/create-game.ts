import { Buffer } from 'node:buffer';
import { ApiError } from '@swarmpatch/node-io/api-client';
import { readPublicKeys, readSigner } from '@swarmpatch/node-io/keys';
import { createRoot, createTargets, expiryOf, publicKeyOf } from '@swarmpatch/trust';
import { PublishError } from '../publish-error.ts';
import type { Origin } from './origin.ts';

interface NewGame {
  game: string;
  title: string;
  keys: string;
  origin: Origin;
  nowMs: number;
}

/**
 * Registers a game and signs its first root, which gives snapshot and timestamp to the origin's key. May be repeated: a game that
 * has this root already is left as it is.
 *
 * @throws {PublishError} `game_exists`
 * @throws {KeysError}, {ApiError}
 */
export async function createGame({ game, title, keys, origin, nowMs }: NewGame): Promise<{ rootFingerprint: string }> {
  const { rootFingerprint } = await readPublicKeys(keys);
  const root = await readSigner(keys, 'root');
  const release = await readSigner(keys, 'release');
  try {
    const { onlineKey, state } = await origin.createGame(game, title);
    if (state === 'ready') return await requireSameRoot(origin, game, rootFingerprint);
    const online = publicKeyOf(onlineKey.publicKey);
    const one = (key: typeof online): { keys: [typeof online]; threshold: 1 } => ({ keys: [key], threshold: 1 });
    const roles = { root: one(root.key), targets: one(release.key), snapshot: one(online), timestamp: one(online) };
    const rootBytes = createRoot({ game, version: 1, expiresMs: expiryOf('root', nowMs), signers: [root], roles });
    const targetsBytes = createTargets({
      game,
      version: 1,
      expiresMs: expiryOf('targets', nowMs),
      signers: [release],
      targets: new Map(),
    });
    await origin.putTrust(game, { root: textOf(rootBytes), targets: textOf(targetsBytes) });
    return { rootFingerprint };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'game_exists') throw error;
    return requireSameRoot(origin, game, rootFingerprint);
  }
}

async function requireSameRoot(
  origin: Origin,
  game: string,
  rootFingerprint: string,
): Promise<{ rootFingerprint: string }> {
  const known = await origin.game(game);
  if (known.rootFingerprint === rootFingerprint) return { rootFingerprint };
  throw new PublishError(
    'game_exists',
    `register ${game}: it is registered with other keys; choose another id, or name the game's own keys with --keys`,
  );
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
