import { hash } from 'node:crypto';
import { Key, MetaFile, Metadata, Root, Signature, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models';
import { tufKey } from './keys.ts';
import type { PublicKey, Signer } from './ports.ts';
import { type RoleName, roleLifetimeMs } from './roles.ts';

/** What the metadata says of one target. */
export interface TargetInfo {
  lengthBytes: number;
  sha256: string;
}

export interface RoleKeys {
  keys: readonly PublicKey[];
  threshold: number;
}

interface MetadataHead {
  game: string;
  version: number;
  /** When this metadata stops being good, milliseconds since 1970; cut to whole seconds. */
  expiresMs: number;
  signers: readonly Signer[];
}

/** When metadata of this role that is signed now expires. */
export function expiryOf(role: RoleName, nowMs: number): number {
  return nowMs + roleLifetimeMs[role];
}

export function describeTarget(bytes: Uint8Array): TargetInfo {
  return { lengthBytes: bytes.byteLength, sha256: hash('sha256', bytes, 'hex') };
}

/**
 * Root metadata. For version N > 1 `signers` must include the root keys of version N - 1 as well.
 *
 * @returns The signed file's bytes.
 */
export function createRoot(options: MetadataHead & { roles: Readonly<Record<RoleName, RoleKeys>> }): Uint8Array {
  const keys = Object.values(options.roles).flatMap((role) => role.keys);
  const signed = Root.fromJSON({
    ...head('root', options),
    consistent_snapshot: true,
    keys: Object.fromEntries(
      keys.map((key) => [key.keyId, Key.fromJSON(key.keyId, { ...tufKey(key.publicKey) }).toJSON()]),
    ),
    roles: Object.fromEntries(
      Object.entries(options.roles).map(([role, { keys, threshold }]) => [
        role,
        { keyids: keys.map((key) => key.keyId), threshold },
      ]),
    ),
  });
  return seal(new Metadata(signed), options.signers);
}

/** @returns The signed file's bytes; the same targets in the same order give the same bytes. */
export function createTargets(options: MetadataHead & { targets: ReadonlyMap<string, TargetInfo> }): Uint8Array {
  const signed = new Targets({
    ...fields(options),
    targets: Object.fromEntries(
      [...options.targets].map(([path, target]) => [
        path,
        new TargetFile({ path, length: target.lengthBytes, hashes: { sha256: target.sha256 } }),
      ]),
    ),
  });
  return seal(new Metadata(signed), options.signers);
}

/** Pins one targets file. @returns The signed file's bytes. */
export function createSnapshot(options: MetadataHead & { targetsVersion: number; targets: Uint8Array }): Uint8Array {
  const signed = new Snapshot({
    ...fields(options),
    meta: { 'targets.json': metaFile(options.targetsVersion, options.targets) },
  });
  return seal(new Metadata(signed), options.signers);
}

/** Pins one snapshot file. @returns The signed file's bytes. */
export function createTimestamp(options: MetadataHead & { snapshotVersion: number; snapshot: Uint8Array }): Uint8Array {
  const signed = new Timestamp({
    ...fields(options),
    snapshotMeta: metaFile(options.snapshotVersion, options.snapshot),
  });
  return seal(new Metadata(signed), options.signers);
}

function fields(options: MetadataHead): {
  version: number;
  specVersion: string;
  expires: string;
  unrecognizedFields: { game: string };
} {
  return {
    version: options.version,
    specVersion: '1.0.31',
    expires: formatExpiry(options.expiresMs),
    unrecognizedFields: { game: options.game },
  };
}

function head(role: RoleName, options: MetadataHead): Record<string, string | number> {
  return {
    _type: role,
    spec_version: '1.0.31',
    version: options.version,
    expires: formatExpiry(options.expiresMs),
    game: options.game,
  };
}

function metaFile(version: number, bytes: Uint8Array): MetaFile {
  const { lengthBytes, sha256 } = describeTarget(bytes);
  return new MetaFile({ version, length: lengthBytes, hashes: { sha256 } });
}

/** `YYYY-MM-DDTHH:MM:SSZ`: TUF has no fractions of a second. */
function formatExpiry(expiresMs: number): string {
  return new Date(expiresMs).toISOString().replace(/\.[0-9]{3}Z$/, 'Z');
}

function seal(metadata: Metadata<Root | Targets | Snapshot | Timestamp>, signers: readonly Signer[]): Uint8Array {
  for (const signer of signers) {
    metadata.sign(
      (bytes) => new Signature({ keyID: signer.key.keyId, sig: Buffer.from(signer.sign(bytes)).toString('hex') }),
    );
  }
  return Buffer.from(`${JSON.stringify(metadata.toJSON())}\n`);
}
