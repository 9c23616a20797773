/** Reads, checks and keeps a game's metadata: what the cache holds, and what the repository has since (TUF 1.0.31, section 5). */
import type { TrustCache, TrustFetcher } from './ports.ts';
import { metadataBytesMax, metadataFileName, ROOT_ROTATIONS_MAX, type RoleName } from './roles.ts';
import { TrustedSet } from './trusted-set.ts';
import { TrustError } from './trust-error.ts';

/** A cached file that could not be used: damaged on disk, or no longer accepted under the trusted root. */
export interface CacheFinding {
  file: string;
  found: 'corrupt' | 'refused';
  error: TrustError;
}

export interface TrustClientOptions {
  game: string;
  /** SHA-256 hex, as `rootFingerprintOf` gives it. */
  rootFingerprint: string;
  cache: TrustCache;
}

type CachedRole = Exclude<RoleName, 'root'>;

/** Trusted state is written only after the step that it comes from has verified. */
export class MetadataKeeper {
  readonly findings: CacheFinding[] = [];
  readonly #game: string;
  readonly #rootFingerprint: string;
  readonly #cache: TrustCache;
  readonly #roots: Uint8Array[] = [];

  private constructor(options: TrustClientOptions) {
    this.#game = options.game;
    this.#rootFingerprint = options.rootFingerprint.toLowerCase();
    this.#cache = options.cache;
  }

  /** Trusts the chain of cached roots, from the pinned one on, as far as each verifies. */
  static async open(options: TrustClientOptions): Promise<MetadataKeeper> {
    const keeper = new MetadataKeeper(options);
    await keeper.#openRoots();
    return keeper;
  }

  /**
   * What the cache holds, however old. Reference time zero: it was in time when it arrived, and is shown as stale rather than
   * dropped.
   *
   * @returns Undefined when not even a root is trusted.
   */
  async openCached(): Promise<TrustedSet | undefined> {
    const set = this.#trustRoots(0);
    if (set === undefined) return undefined;
    const steps: [CachedRole, (bytes: Uint8Array) => unknown][] = [
      ['timestamp', (bytes) => set.setTimestamp(bytes)],
      ['snapshot', (bytes) => set.setSnapshot(bytes, 'cache')],
      ['targets', (bytes) => set.setTargets(bytes)],
    ];
    for (const [role, step] of steps) {
      const bytes = await this.#cache.read(cacheName(role));
      if (bytes === undefined) break;
      try {
        step(bytes);
      } catch (error) {
        this.#noteUnusable(cacheName(role), error);
        break;
      }
    }
    return set;
  }

  /**
   * Brings the metadata up to the repository's. Steps that had verified before one that fails are kept in the cache, so that
   * nothing older is taken next time.
   *
   * @throws {TrustError}, and whatever the fetcher and cache throw.
   */
  async refresh(fetcher: TrustFetcher, nowMs: number): Promise<TrustedSet> {
    const set = await this.#refreshRoot(fetcher, nowMs);
    await this.#refreshTimestamp(set, fetcher);
    await this.#refreshSnapshot(set, fetcher);
    await this.#refreshTargets(set, fetcher);
    return set;
  }

  async #openRoots(): Promise<void> {
    let set: TrustedSet | undefined;
    for (let version = 1; version <= ROOT_ROTATIONS_MAX; version += 1) {
      const file = metadataFileName('root', version);
      const bytes = await this.#cache.read(file);
      if (bytes === undefined) return;
      try {
        if (set === undefined) set = this.#openFirstRoot(bytes, 0);
        else set.addRoot(bytes);
      } catch (error) {
        this.#noteUnusable(file, error);
        return;
      }
      this.#roots.push(bytes);
    }
  }

  #trustRoots(referenceMs: number): TrustedSet | undefined {
    const [first, ...rest] = this.#roots;
    if (first === undefined) return undefined;
    const set = this.#openFirstRoot(first, referenceMs);
    for (const bytes of rest) set.addRoot(bytes);
    return set;
  }

  /** 5.2: the root that came with the launcher, which is its fingerprint here. */
  #openFirstRoot(bytes: Uint8Array, referenceMs: number): TrustedSet {
    const set = new TrustedSet(bytes, this.#game, referenceMs);
    const found = set.rootFingerprint;
    if (set.rootVersion !== 1 || found !== this.#rootFingerprint) {
      throw new TrustError(
        'wrong_root',
        `verify the root of ${this.#game}: found fingerprint ${found}, wanted ${this.#rootFingerprint}; check --root-fingerprint and the origin's address`,
        'root',
      );
    }
    return set;
  }

  /** 5.3. */
  async #refreshRoot(fetcher: TrustFetcher, nowMs: number): Promise<TrustedSet> {
    let set = this.#trustRoots(nowMs);
    if (set === undefined) {
      const file = metadataFileName('root', 1);
      const bytes = await fetchMetadata(fetcher, 'root', file, metadataBytesMax.root);
      set = this.#openFirstRoot(bytes, nowMs);
      await this.#cache.write(file, bytes);
      this.#roots.push(bytes);
    }
    const onlineKeysBefore = onlineKeys(set);
    for (let rotations = 0; rotations < ROOT_ROTATIONS_MAX; rotations += 1) {
      const file = metadataFileName('root', set.rootVersion + 1);
      const bytes = await fetcher.fetch(file, metadataBytesMax.root);
      if (bytes === undefined) break;
      set.addRoot(bytes);
      await this.#cache.write(file, bytes);
      this.#roots.push(bytes);
    }
    if (onlineKeys(set) !== onlineKeysBefore) {
      // 5.3.11: whoever stole the old online keys may have pushed the counters up.
      await this.#cache.remove(cacheName('timestamp'));
      await this.#cache.remove(cacheName('snapshot'));
    }
    if (set.rootExpiresMs <= nowMs) {
      throw new TrustError(
        'expired',
        `verify root metadata: version ${set.rootVersion} expired at ${new Date(set.rootExpiresMs).toISOString()}; the studio has to sign a new root`,
        'root',
      );
    }
    return set;
  }

  /** 5.4. */
  async #refreshTimestamp(set: TrustedSet, fetcher: TrustFetcher): Promise<void> {
    await this.#tryCached('timestamp', (bytes) => set.setTimestamp(bytes));
    const file = metadataFileName('timestamp', 1);
    const bytes = await fetchMetadata(fetcher, 'timestamp', file, metadataBytesMax.timestamp);
    if (set.setTimestamp(bytes) === 'newer') await this.#cache.write(cacheName('timestamp'), bytes);
  }

  /** 5.5. */
  async #refreshSnapshot(set: TrustedSet, fetcher: TrustFetcher): Promise<void> {
    if (await this.#tryCached('snapshot', (bytes) => set.setSnapshot(bytes, 'cache'))) return;
    const { version = 1, lengthBytes = metadataBytesMax.snapshot } = set.namedSnapshot ?? {};
    const file = metadataFileName('snapshot', version);
    const bytes = await fetchMetadata(fetcher, 'snapshot', file, Math.min(lengthBytes, metadataBytesMax.snapshot));
    set.setSnapshot(bytes, 'repository');
    await this.#cache.write(cacheName('snapshot'), bytes);
  }

  /** 5.6. */
  async #refreshTargets(set: TrustedSet, fetcher: TrustFetcher): Promise<void> {
    if (await this.#tryCached('targets', (bytes) => set.setTargets(bytes))) return;
    const { version = 1, lengthBytes = metadataBytesMax.targets } = set.namedTargets ?? {};
    const file = metadataFileName('targets', version);
    const bytes = await fetchMetadata(fetcher, 'targets', file, Math.min(lengthBytes, metadataBytesMax.targets));
    set.setTargets(bytes);
    await this.#cache.write(cacheName('targets'), bytes);
  }

  /** @returns Whether the cached file is the one wanted now. An outdated one is no fault; an unusable one is noted. */
  async #tryCached(role: CachedRole, step: (bytes: Uint8Array) => unknown): Promise<boolean> {
    const bytes = await this.#cache.read(cacheName(role));
    if (bytes === undefined) return false;
    try {
      step(bytes);
      return true;
    } catch (error) {
      this.#noteUnusable(cacheName(role), error);
      return false;
    }
  }

  #noteUnusable(file: string, error: unknown): void {
    if (!(error instanceof TrustError)) throw error;
    if (error.code === 'expired' || error.code === 'mixed_metadata') return;
    const found = error.code === 'malformed_metadata' || error.code === 'metadata_too_large' ? 'corrupt' : 'refused';
    this.findings.push({ file, found, error });
  }
}

async function fetchMetadata(
  fetcher: TrustFetcher,
  role: RoleName,
  file: string,
  bytesMax: number,
): Promise<Uint8Array> {
  const bytes = await fetcher.fetch(file, bytesMax);
  if (bytes !== undefined) return bytes;
  throw new TrustError(
    'missing_metadata',
    `fetch ${file}: the repository has no such file; check the game's id and the origin's address`,
    role,
  );
}

function onlineKeys(set: TrustedSet): string {
  return JSON.stringify([set.keysOf('timestamp'), set.keysOf('snapshot')]);
}

function cacheName(role: CachedRole): string {
  return `${role}.json`;
}
