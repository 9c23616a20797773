/** A whole TUF repository in memory, with all its private keys: what this lib's specs attack. */
import { createHash } from 'node:crypto';
import {
  createPatches,
  createRoot,
  createSnapshot,
  createTargets,
  createTimestamp,
  describeTarget,
  expiryOf,
  type TargetInfo,
} from '../create-metadata.ts';
import { rootFingerprintOf, signerFromPem } from '../keys.ts';
import type { PublicKey, Signer, TrustCache, TrustFetcher } from '../ports.ts';
import { type MetadataRole, PATCH_LISTING_TARGET_PATH, targetFileName } from '../roles.ts';

export const NOW_MS: number = Date.UTC(2026, 10, 20, 12);

/** The same label gives the same key. */
export function signerOf(label: string): Signer {
  const seed = createHash('sha256').update(label).digest();
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return signerFromPem(`-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`);
}

export class MemoryCache implements TrustCache {
  readonly files = new Map<string, Uint8Array>();

  read(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.files.get(name));
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(name, bytes);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }
}

export class ScratchRepository implements TrustFetcher {
  readonly game: string;
  readonly files = new Map<string, Uint8Array>();
  readonly asked: string[] = [];
  readonly targets = new Map<string, TargetInfo>();
  readonly versions: Record<MetadataRole, number> = { root: 0, targets: 0, snapshot: 0, timestamp: 0, patches: 0 };
  nowMs: number = NOW_MS;
  root: Signer[] = [signerOf('root')];
  release: Signer[] = [signerOf('release')];
  online: Signer = signerOf('online');
  /** Who may list patches, as the targets say. */
  patchesKey: PublicKey | undefined;

  constructor(game: string) {
    this.game = game;
    this.signRoot(this.root);
    this.signTargets();
    this.signOnline();
  }

  get rootFingerprint(): string {
    return rootFingerprintOf([signerOf('root').key], 1);
  }

  fetch(name: string, bytesMax: number): Promise<Uint8Array | undefined> {
    this.asked.push(name);
    const bytes = this.files.get(name);
    if (bytes !== undefined && bytes.length > bytesMax) return Promise.reject(new Error(`more than ${bytesMax} bytes`));
    return Promise.resolve(bytes);
  }

  signRoot(signers: readonly Signer[], expiresMs: number = expiryOf('root', this.nowMs)): void {
    const version = (this.versions.root += 1);
    const role = (keys: readonly Signer[]): { keys: Signer['key'][]; threshold: number } => ({
      keys: keys.map(({ key }) => key),
      threshold: 1,
    });
    const roles = {
      root: role(this.root),
      targets: role(this.release),
      snapshot: role([this.online]),
      timestamp: role([this.online]),
    };
    this.files.set(`${version}.root.json`, createRoot({ game: this.game, version, expiresMs, signers, roles }));
  }

  addTarget(path: string, bytes: Uint8Array): void {
    const target = describeTarget(bytes);
    this.targets.set(path, target);
    this.files.set(targetFileName(path, target.sha256), bytes);
  }

  signTargets(
    signers: readonly Signer[] = this.release,
    expiresMs: number = expiryOf('targets', this.nowMs),
  ): Uint8Array {
    const version = (this.versions.targets += 1);
    const bytes = createTargets({
      game: this.game,
      version,
      expiresMs,
      signers,
      targets: this.targets,
      patchesKey: this.patchesKey,
    });
    this.files.set(`${version}.targets.json`, bytes);
    return bytes;
  }

  /** Signs the role `patches` for a listing; the next snapshot names it. */
  signPatches(
    listing: Uint8Array,
    signer: Signer = this.online,
    expiresMs: number = expiryOf('patches', this.nowMs),
  ): void {
    const version = (this.versions.patches += 1);
    const target = describeTarget(listing);
    this.files.set(targetFileName(PATCH_LISTING_TARGET_PATH, target.sha256), listing);
    const bytes = createPatches({ game: this.game, version, expiresMs, signers: [signer], listing: target });
    this.files.set(`${version}.patches.json`, bytes);
  }

  signOnline(signer: Signer = this.online): void {
    this.signSnapshot(signer);
    this.signTimestamp(signer);
  }

  signSnapshot(signer: Signer = this.online): void {
    const version = (this.versions.snapshot += 1);
    const targetsVersion = this.versions.targets;
    const targets = this.file(`${targetsVersion}.targets.json`);
    const expiresMs = expiryOf('snapshot', this.nowMs);
    const patchesVersion = this.versions.patches;
    const patches =
      patchesVersion === 0
        ? undefined
        : { version: patchesVersion, bytes: this.file(`${patchesVersion}.patches.json`) };
    const bytes = createSnapshot({
      game: this.game,
      version,
      expiresMs,
      signers: [signer],
      targetsVersion,
      targets,
      patches,
    });
    this.files.set(`${version}.snapshot.json`, bytes);
  }

  signTimestamp(signer: Signer = this.online): void {
    const version = (this.versions.timestamp += 1);
    const snapshotVersion = this.versions.snapshot;
    const snapshot = this.file(`${snapshotVersion}.snapshot.json`);
    const expiresMs = expiryOf('timestamp', this.nowMs);
    const bytes = createTimestamp({
      game: this.game,
      version,
      expiresMs,
      signers: [signer],
      snapshotVersion,
      snapshot,
    });
    this.files.set('timestamp.json', bytes);
  }

  file(name: string): Uint8Array {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Error(`the scratch repository has no ${name}`);
    return bytes;
  }

  /** What the repository serves now, to be put back later. */
  copyFiles(): Map<string, Uint8Array> {
    return new Map(this.files);
  }

  serve(files: ReadonlyMap<string, Uint8Array>): void {
    this.files.clear();
    for (const [name, bytes] of files) this.files.set(name, bytes);
  }
}
