import {
  createPatches,
  createSnapshot,
  createTimestamp,
  expiryOf,
  roleLifetimeMs,
  type Signer,
  type TargetInfo,
} from '@swarmpatch/trust';
import type { OnlineMetadata } from './publication.repository.ts';
import type { MetadataFile } from './trust.repository.ts';

export interface OnlineState {
  snapshot: MetadataFile | undefined;
  timestamp: MetadataFile | undefined;
  /** Absent until the first patch was listed. */
  patches?: MetadataFile | undefined;
}

export interface SigningContext {
  game: string;
  signer: Signer;
  nowMs: number;
}

/** Signs the snapshot and timestamp that follow `current` and pin `targets`, and the metadata of `patches` if there is any. */
export function signOnline(
  { game, signer, nowMs }: SigningContext,
  current: OnlineState,
  targets: Pick<MetadataFile, 'version' | 'bytes'>,
): Required<OnlineMetadata> {
  const version = (current.snapshot?.version ?? 0) + 1;
  const expiresAtMs = expiryOf('snapshot', nowMs);
  const bytes = createSnapshot({
    game,
    version,
    expiresMs: expiresAtMs,
    signers: [signer],
    targetsVersion: targets.version,
    targets: targets.bytes,
    patches: current.patches,
  });
  const snapshot = { version, bytes, expiresAtMs };
  return { snapshot, timestamp: signTimestamp({ game, signer, nowMs }, current.timestamp, snapshot) };
}

/** Signs the metadata of `patches` that follows `current` and names this listing. */
export function signPatches(
  { game, signer, nowMs }: SigningContext,
  current: MetadataFile | undefined,
  listing: TargetInfo,
): MetadataFile {
  const version = (current?.version ?? 0) + 1;
  const expiresAtMs = expiryOf('patches', nowMs);
  const bytes = createPatches({ game, version, expiresMs: expiresAtMs, signers: [signer], listing });
  return { version, bytes, expiresAtMs };
}

export function signTimestamp(
  { game, signer, nowMs }: SigningContext,
  current: MetadataFile | undefined,
  snapshot: MetadataFile,
): MetadataFile {
  const version = (current?.version ?? 0) + 1;
  const expiresAtMs = expiryOf('timestamp', nowMs);
  const bytes = createTimestamp({
    game,
    version,
    expiresMs: expiresAtMs,
    signers: [signer],
    snapshotVersion: snapshot.version,
    snapshot: snapshot.bytes,
  });
  return { version, bytes, expiresAtMs };
}

/** Half of its life is gone: two chances to renew are left before launchers see it expire. */
export function isDue(role: 'snapshot' | 'timestamp' | 'patches', file: MetadataFile, nowMs: number): boolean {
  return file.expiresAtMs - nowMs < roleLifetimeMs[role] / 2;
}
