/**
 * One pass of the client workflow of TUF 1.0.31, section 5, over bytes. What a step has refused is never trusted; a timestamp or
 * snapshot that is genuine but expired or superseded stays as the mark that the next one must not fall behind.
 */
import { Buffer } from 'node:buffer';
import { Targets } from '@tufjs/models';
import { LengthOrHashMismatchError, UnsignedMetadataError } from '@tufjs/models/dist/error.js';
import { BadVersionError, EqualVersionError, ExpiredMetadataError } from 'tuf-js/dist/error.js';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import type { TargetInfo } from './create-metadata.ts';
import { rootFingerprintOf } from './keys.ts';
import type { PublicKey } from './ports.ts';
import { readRoleDocument, type RoleDocument } from './role-document.ts';
import { type MetadataRole, PATCH_LISTING_TARGET_PATH, PATCHES_ROLE, type RoleName } from './roles.ts';
import { TrustError, type TrustErrorCode } from './trust-error.ts';

export interface TrustedTargets {
  version: number;
  targets: ReadonlyMap<string, TargetInfo>;
  /** Key id of the origin's key, when it may list patches. */
  patchesKeyId: string | undefined;
}

export class TrustedSet {
  readonly #store: TrustedMetadataStore;
  readonly #game: string;
  readonly #expiresMs = new Map<MetadataRole, number>();

  /**
   * @param rootBytes A root that is trusted already, or whose fingerprint the caller checks next.
   * @param referenceMs The instant that expiry is measured against, for the whole pass (5.1).
   * @throws {TrustError}
   */
  constructor(rootBytes: Uint8Array, game: string, referenceMs: number) {
    this.#game = game;
    const root = readRoleDocument('root', rootBytes, game);
    this.#store = refusing('root', 'bad_signature', () => new TrustedMetadataStore(bufferOf(rootBytes)));
    // The store takes the reference time from the wall clock and offers no other way to set it.
    Reflect.set(this.#store, 'referenceTime', new Date(referenceMs));
    this.#accept(root);
  }

  get rootVersion(): number {
    return this.#store.root.signed.version;
  }

  get rootExpiresMs(): number {
    return this.#expiresMs.get('root') ?? 0;
  }

  get rootFingerprint(): string {
    const { keys, threshold } = this.keysOf('root');
    return rootFingerprintOf(keys, threshold);
  }

  keysOf(role: RoleName): { keys: PublicKey[]; threshold: number } {
    const { keys, roles } = this.#store.root.signed;
    const { keyIDs = [], threshold = 0 } = roles[role] ?? {};
    return { keys: keyIDs.map((keyId) => ({ keyId, publicKey: keys[keyId]?.keyVal['public'] ?? '' })), threshold };
  }

  /** The version of the snapshot that the timestamp names. */
  get namedSnapshot(): { version: number; lengthBytes: number | undefined } | undefined {
    const meta = this.#store.timestamp?.signed.snapshotMeta;
    return meta && { version: meta.version, lengthBytes: meta.length };
  }

  /** The version of the targets that the snapshot names. */
  get namedTargets(): { version: number; lengthBytes: number | undefined } | undefined {
    const meta = this.#store.snapshot?.signed.meta['targets.json'];
    return meta && { version: meta.version, lengthBytes: meta.length };
  }

  /** The version of `patches` that the snapshot names; undefined when the studio has not delegated or the origin has no listing. */
  get namedPatches(): { version: number; lengthBytes: number | undefined } | undefined {
    const meta = this.#store.snapshot?.signed.meta[`${PATCHES_ROLE}.json`];
    if (meta === undefined || this.targets?.patchesKeyId === undefined) return undefined;
    return { version: meta.version, lengthBytes: meta.length };
  }

  get targets(): TrustedTargets | undefined {
    const signed = this.#store.targets?.signed;
    return signed && targetsOf(signed);
  }

  /** The earliest expiry of what is trusted, milliseconds since 1970. */
  get expiresMs(): number {
    return Math.min(...this.#expiresMs.values());
  }

  /** 5.3.4 to 5.3.7: signed by the root before it and by itself, and exactly one version on. */
  addRoot(bytes: Uint8Array): void {
    const root = readRoleDocument('root', bytes, this.#game);
    const wrongVersion = root.version <= this.rootVersion ? 'rolled_back' : 'mixed_metadata';
    refusing('root', wrongVersion, () => this.#store.updateRoot(bufferOf(bytes)));
    this.#accept(root);
  }

  /**
   * 5.4.2 to 5.4.4.
   *
   * @returns `same` when this version is trusted already: the one that was there stays.
   */
  setTimestamp(bytes: Uint8Array): 'newer' | 'same' {
    const timestamp = readRoleDocument('timestamp', bytes, this.#game);
    const outcome = refusing('timestamp', 'rolled_back', () => {
      try {
        this.#store.updateTimestamp(bufferOf(bytes));
        return 'newer';
      } catch (error) {
        if (error instanceof EqualVersionError) return 'same';
        throw error;
      }
    });
    if (outcome === 'newer') this.#accept(timestamp);
    return outcome;
  }

  /**
   * 5.5.2 to 5.5.6.
   *
   * @param source A cached snapshot was checked against its timestamp when it arrived, and may be an older one by now.
   */
  setSnapshot(bytes: Uint8Array, source: 'cache' | 'repository'): void {
    const snapshot = readRoleDocument('snapshot', bytes, this.#game);
    const wrongVersion = snapshot.version === this.namedSnapshot?.version ? 'rolled_back' : 'mixed_metadata';
    refusing('snapshot', wrongVersion, () => this.#store.updateSnapshot(bufferOf(bytes), source === 'cache'));
    this.#accept(snapshot);
  }

  /** 5.6.2 to 5.6.5. */
  setTargets(bytes: Uint8Array): void {
    const targets = readRoleDocument('targets', bytes, this.#game);
    refusing('targets', 'mixed_metadata', () => this.#store.updateDelegatedTargets(bufferOf(bytes), 'targets', 'root'));
    this.#accept(targets);
  }

  /**
   * 5.6.7 for the one delegation there is. Its expiry is not the set's: without patches everything else is as good.
   *
   * @returns The listing that it names.
   */
  setPatches(bytes: Uint8Array): TargetInfo {
    const role = PATCHES_ROLE;
    const { signed } = readRoleDocument(role, bytes, this.#game);
    return refusing(role, 'mixed_metadata', () => {
      this.#store.updateDelegatedTargets(bufferOf(bytes), role, 'targets');
      // The store has no getter for delegated roles; what it took is what these bytes say.
      const patches = Targets.fromJSON(signed as Parameters<typeof Targets.fromJSON>[0]);
      const listing = targetsOf(patches).targets.get(PATCH_LISTING_TARGET_PATH);
      if (listing === undefined) throw new Error(`it does not name ${PATCH_LISTING_TARGET_PATH}`);
      return listing;
    });
  }

  #accept(document: RoleDocument): void {
    this.#expiresMs.set(document.role, document.expiresMs);
  }
}

export function targetsOf(signed: Targets): TrustedTargets {
  const targets = Object.entries(signed.targets).map(
    ([path, target]) => [path, { lengthBytes: target.length, sha256: target.hashes['sha256'] ?? '' }] as const,
  );
  const patchesKeyId = signed.delegations?.roles?.[PATCHES_ROLE]?.keyIDs[0];
  return { version: signed.version, targets: new Map(targets), patchesKeyId };
}

/** Runs one step of the store and gives its refusal a name; nothing here does I/O, so every failure is about the bytes. */
function refusing<Value>(role: MetadataRole, wrongVersion: TrustErrorCode, step: () => Value): Value {
  try {
    return step();
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const code = refusalCode(cause, wrongVersion);
    throw new TrustError(
      code,
      `verify ${role} metadata: ${cause.message}; ${advice[code] ?? 'nothing was changed'}`,
      role,
      { cause },
    );
  }
}

function refusalCode(cause: Error, wrongVersion: TrustErrorCode): TrustErrorCode {
  if (cause instanceof ExpiredMetadataError) return 'expired';
  if (cause instanceof UnsignedMetadataError) return 'bad_signature';
  if (cause instanceof LengthOrHashMismatchError) return 'mixed_metadata';
  if (cause instanceof BadVersionError) return wrongVersion;
  return 'malformed_metadata';
}

const advice: Partial<Record<TrustErrorCode, string>> = {
  expired: 'the repository is frozen or nobody renews it; what is installed stays as it is',
  bad_signature: 'wanted the signatures that the trusted root asks for',
  mixed_metadata: 'wanted files that belong together; try again, and if it stays so the repository is tampered with',
  rolled_back: 'wanted nothing older than what was trusted before',
};

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
