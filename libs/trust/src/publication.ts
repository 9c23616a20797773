/** What an origin checks before it takes metadata from a studio, and hands it on to launchers. */
import { Metadata, MetadataKind } from '@tufjs/models';
import { UnsignedMetadataError } from '@tufjs/models/dist/error.js';
import type { PublicKey } from './ports.ts';
import { readRoleDocument } from './role-document.ts';
import { TrustedSet, type TrustedTargets, targetsOf } from './trusted-set.ts';
import { TrustError } from './trust-error.ts';

export interface FirstTrust {
  rootFingerprint: string;
  targets: TrustedTargets;
}

/**
 * Checks the root and targets that open a game's repository: both version 1, signed, of this game; snapshot and timestamp are
 * given to the origin's key alone, root and targets to others.
 *
 * @throws {TrustError} `bad_root`, `bad_signature`, `wrong_game`, `malformed_metadata`, `expired`, …
 */
export function verifyFirstTrust(options: {
  game: string;
  root: Uint8Array;
  targets: Uint8Array;
  onlineKey: PublicKey;
  nowMs: number;
}): FirstTrust {
  const set = new TrustedSet(options.root, options.game, options.nowMs);
  const onlineKeyId = options.onlineKey.keyId;
  const fault = findFirstRootFault(set, onlineKeyId, options.nowMs);
  if (fault !== undefined)
    throw new TrustError('bad_root', `verify the root of ${options.game}: found ${fault}`, 'root');
  const targets = verifyNextTargets({ ...options, current: undefined, next: options.targets });
  return { rootFingerprint: set.rootFingerprint, targets };
}

/**
 * Checks that `next` is what a studio may publish after `current`: signed under the root, in time, one version on, and with every
 * release that both name unchanged. A release may go, and a channel may move.
 *
 * @throws {TrustError} `targets_version_conflict`, `release_changed`, `bad_delegation`, `bad_signature`, `wrong_game`, `malformed_metadata`, `expired`
 */
export function verifyNextTargets(options: {
  game: string;
  /** The current root metadata. */
  root: Uint8Array;
  /** The current targets metadata; undefined before the first. */
  current: Uint8Array | undefined;
  next: Uint8Array;
  nowMs: number;
}): TrustedTargets {
  const next = readTargets(options, options.next);
  const current = options.current && readTargets(options, options.current);
  if (next.expiresMs <= options.nowMs) {
    throw new TrustError(
      'expired',
      `verify targets metadata: version ${next.version} expired at ${new Date(next.expiresMs).toISOString()}`,
      'targets',
    );
  }
  if (next.patchesKeyId !== undefined && !onlineKeyIds(options.root).includes(next.patchesKeyId)) {
    throw new TrustError(
      'bad_delegation',
      `verify targets metadata: patches are delegated to key ${next.patchesKeyId}, wanted the one that the root gives to snapshot; read the current root, sign again and retry`,
      'targets',
    );
  }
  const wanted = (current?.version ?? 0) + 1;
  if (next.version !== wanted) {
    throw new TrustError(
      'targets_version_conflict',
      `verify targets metadata: found version ${next.version}, wanted ${wanted}; read the current one, sign again and retry`,
      'targets',
    );
  }
  for (const [path, target] of current?.targets ?? []) {
    const found = next.targets.get(path);
    if (!path.startsWith('releases/') || found === undefined) continue;
    if (found.sha256 !== target.sha256 || found.lengthBytes !== target.lengthBytes) {
      throw new TrustError(
        'release_changed',
        `verify targets metadata: ${path} differs from the one that is published; publish a new version instead`,
        path,
      );
    }
  }
  return next;
}

/** @param root Was read already. */
function onlineKeyIds(root: Uint8Array): string[] {
  return Metadata.fromJSON(MetadataKind.Root, parse(root)).signed.roles['snapshot']?.keyIDs ?? [];
}

function readTargets(
  options: { game: string; root: Uint8Array },
  bytes: Uint8Array,
): TrustedTargets & { expiresMs: number } {
  const { expiresMs } = readRoleDocument('targets', bytes, options.game);
  readRoleDocument('root', options.root, options.game);
  try {
    const targets = Metadata.fromJSON(MetadataKind.Targets, parse(bytes));
    Metadata.fromJSON(MetadataKind.Root, parse(options.root)).verifyDelegate('targets', targets);
    return { ...targetsOf(targets.signed), expiresMs };
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const code = cause instanceof UnsignedMetadataError ? 'bad_signature' : 'malformed_metadata';
    throw new TrustError(
      code,
      `verify targets metadata: ${cause.message}; wanted the signatures that the game's root asks for`,
      'targets',
      { cause },
    );
  }
}

function findFirstRootFault(set: TrustedSet, onlineKeyId: string, nowMs: number): string | undefined {
  if (set.rootVersion !== 1) return `version ${set.rootVersion}, wanted 1`;
  if (set.rootExpiresMs <= nowMs) return 'one that has expired';
  for (const role of ['snapshot', 'timestamp'] as const) {
    const { keys } = set.keysOf(role);
    if (keys.length !== 1 || keys[0]?.keyId !== onlineKeyId) return `${role} with other keys than the origin's`;
  }
  for (const role of ['root', 'targets'] as const) {
    if (set.keysOf(role).keys.some(({ keyId }) => keyId === onlineKeyId))
      return `${role} with the origin's key, wanted offline keys alone`;
  }
  return undefined;
}

function parse(bytes: Uint8Array): Parameters<typeof Metadata.fromJSON>[1] {
  return JSON.parse(new TextDecoder().decode(bytes)) as Parameters<typeof Metadata.fromJSON>[1];
}
