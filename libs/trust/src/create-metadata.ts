import { hash } from 'node:crypto';
import { Key, MetaFile, Metadata, Root, Signature, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models';
import { Delegations } from '@tufjs/models/dist/delegations.js';
import { DelegatedRole } from '@tufjs/models/dist/role.js';
import { tufKey } from './keys.ts';
import type { PublicKey, Signer } from './ports.ts';
import {
  type MetadataRole,
  PATCH_LISTING_TARGET_PATH,
  PATCHES_PATH_PATTERN,
  PATCHES_ROLE,
  type RoleName,
  roleLifetimeMs,
} from './roles.ts';

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
export function expiryOf(role: MetadataRole, nowMs: number): number {
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

/**
 * @param options.patchesKey The origin's online key, which may then list patches (`createPatches`); without it there are none.
 * @returns The signed file's bytes; the same targets in the same order give the same bytes.
 */
export function createTargets(
  options: MetadataHead & { targets: ReadonlyMap<string, TargetInfo>; patchesKey?: PublicKey | undefined },
): Uint8Array {
  const { targets, patchesKey } = options;
  const signed = new Targets({
    ...fields(options),
    targets: Object.fromEntries([...targets].map(([path, target]) => [path, targetFile(path, target)])),
    ...(patchesKey && { delegations: delegationTo(patchesKey) }),
  });
  return seal(new Metadata(signed), options.signers);
}

/** Metadata of the role `patches`: names the patch listing and nothing else. @returns The signed file's bytes. */
export function createPatches(options: MetadataHead & { listing: TargetInfo }): Uint8Array {
  const path = PATCH_LISTING_TARGET_PATH;
  const signed = new Targets({ ...fields(options), targets: { [path]: targetFile(path, options.listing) } });
  return seal(new Metadata(signed), options.signers);
}

/**
 * Pins one targets file, and the one of `patches` if there is one. A snapshot that has named `patches` must be followed by ones that
 * do: launchers refuse a file that is gone (TUF 1.0.31, 5.5.5).
 *
 * @returns The signed file's bytes.
 */
export function createSnapshot(
  options: MetadataHead & {
    targetsVersion: number;
    targets: Uint8Array;
    patches?: { version: number; bytes: Uint8Array } | undefined;
  },
): Uint8Array {
  const { patches } = options;
  const signed = new Snapshot({
    ...fields(options),
    meta: {
      ...(patches && { [`${PATCHES_ROLE}.json`]: metaFile(patches.version, patches.bytes) }),
      'targets.json': metaFile(options.targetsVersion, options.targets),
    },
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

function targetFile(path: string, { lengthBytes, sha256 }: TargetInfo): TargetFile {
  return new TargetFile({ path, length: lengthBytes, hashes: { sha256 } });
}

function delegationTo(key: PublicKey): Delegations {
  const role = new DelegatedRole({
    name: PATCHES_ROLE,
    keyIDs: [key.keyId],
    threshold: 1,
    terminating: true,
    paths: [PATCHES_PATH_PATTERN],
  });
  return new Delegations({
    keys: { [key.keyId]: Key.fromJSON(key.keyId, { ...tufKey(key.publicKey) }) },
    roles: { [PATCHES_ROLE]: role },
  });
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
