/** What a game's channels and releases are, as far as signatures prove it. Trusted state is written only after it has verified. */
import { type ChannelRecord, type Manifest, parseChannelRecord, parseManifest } from '@swarmpatch/release';
import { describeTarget, type TargetInfo } from './create-metadata.ts';
import type { PublicKey, TrustCache, TrustFetcher } from './ports.ts';
import {
  channelTargetPath,
  CLOCK_MS_MIN,
  manifestTargetPath,
  metadataBytesMax,
  metadataFileName,
  ROOT_ROTATIONS_MAX,
  type RoleName,
  TARGET_BYTES_MAX,
  targetFileName,
} from './roles.ts';
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

export class TrustClient {
  readonly game: string;
  readonly #rootFingerprint: string;
  readonly #cache: TrustCache;
  #roots: Uint8Array[];
  #view: TrustedSet | undefined;
  #findings: CacheFinding[];

  private constructor(options: TrustClientOptions) {
    this.game = options.game;
    this.#rootFingerprint = options.rootFingerprint;
    this.#cache = options.cache;
    this.#roots = [];
    this.#findings = [];
  }

  /** Opens with what the cache holds, however old: `isStale` tells. Files that cannot be used become `cacheFindings`. */
  static async open(options: TrustClientOptions): Promise<TrustClient> {
    const client = new TrustClient(options);
    await client.#openRoots();
    client.#view = await client.#openView();
    return client;
  }

  get cacheFindings(): readonly CacheFinding[] {
    return this.#findings;
  }

  /** Undefined before any targets are trusted. */
  get targetsVersion(): number | undefined {
    return this.#view?.targets?.version;
  }

  get targets(): ReadonlyMap<string, TargetInfo> {
    return this.#view?.targets?.targets ?? new Map<string, TargetInfo>();
  }

  /** When the first of the trusted files expires, milliseconds since 1970; undefined before any are trusted. */
  get expiresMs(): number | undefined {
    return this.#view?.targets && this.#view.expiresMs;
  }

  /**
   * True when nothing is trusted, or what is has expired: the origin may be showing old news.
   *
   * @param nowMs Wall clock, milliseconds since 1970.
   */
  isStale(nowMs: number): boolean {
    return this.expiresMs === undefined || this.expiresMs <= nowMs || nowMs < CLOCK_MS_MIN;
  }

  /**
   * The keys that may sign for a role under the trusted root, and how many of them must.
   *
   * @throws {TrustError} `not_refreshed`
   */
  keysOf(role: RoleName): { keys: PublicKey[]; threshold: number } {
    if (this.#view === undefined) throw notRefreshed(`keys of ${role}`);
    return this.#view.keysOf(role);
  }

  target(path: string): TargetInfo | undefined {
    return this.targets.get(path);
  }

  /**
   * Brings the trusted metadata up to the repository's (TUF 1.0.31, section 5). After a failure the client still shows what it
   * showed before; steps that had verified are kept in the cache, so that nothing older is taken next time.
   *
   * @param nowMs Wall clock, milliseconds since 1970.
   * @throws {TrustError}, and whatever the fetcher and cache throw.
   */
  async refresh(fetcher: TrustFetcher, nowMs: number): Promise<void> {
    if (nowMs < CLOCK_MS_MIN) {
      throw new TrustError(
        'wrong_clock',
        `refresh metadata: the clock says ${new Date(nowMs).toISOString()}, under which nothing ever expires; set this machine's clock`,
      );
    }
    const set = await this.#refreshRoot(fetcher, nowMs);
    await this.#refreshTimestamp(set, fetcher);
    await this.#refreshSnapshot(set, fetcher);
    await this.#refreshTargets(set, fetcher);
    this.#view = set;
  }

  /**
   * @returns The target's bytes, of the signed length and SHA-256.
   * @throws {TrustError} `not_refreshed`, `unknown_target`, `missing_target`, `target_mismatch`, `target_too_large`
   */
  async fetchTarget(fetcher: TrustFetcher, path: string): Promise<Uint8Array> {
    if (this.#view?.targets === undefined) throw notRefreshed(path);
    const target = this.target(path);
    if (target === undefined) {
      throw new TrustError(
        'unknown_target',
        `fetch ${path}: the signed metadata of ${this.game} names no such target`,
        path,
      );
    }
    if (target.lengthBytes > TARGET_BYTES_MAX) {
      throw new TrustError(
        'target_too_large',
        `fetch ${path}: it has ${target.lengthBytes} bytes, wanted at most ${TARGET_BYTES_MAX}`,
        path,
      );
    }
    const bytes = await fetcher.fetch(targetFileName(path, target.sha256), target.lengthBytes);
    if (bytes === undefined) {
      throw new TrustError(
        'missing_target',
        `fetch ${path}: the signed metadata names it, but the repository has no such file`,
        path,
      );
    }
    const found = describeTarget(bytes);
    if (found.lengthBytes !== target.lengthBytes || found.sha256 !== target.sha256) {
      throw new TrustError(
        'target_mismatch',
        `fetch ${path}: found ${found.lengthBytes} bytes with SHA-256 ${found.sha256}, wanted ${target.lengthBytes} with ${target.sha256}`,
        path,
      );
    }
    return bytes;
  }

  /**
   * @throws {TrustError} as `fetchTarget`, and `wrong_game` when the record is of another game or channel
   * @throws {ReleaseError} `bad_channel_record`
   */
  async fetchChannel(fetcher: TrustFetcher, channel: string): Promise<ChannelRecord> {
    const path = channelTargetPath(channel);
    const record = parseChannelRecord(await this.fetchTarget(fetcher, path));
    if (record.game !== this.game || record.channel !== channel) {
      throw new TrustError(
        'wrong_game',
        `read ${path}: found channel ${record.channel} of ${record.game}, wanted ${channel} of ${this.game}`,
        path,
      );
    }
    return record;
  }

  /**
   * @throws {TrustError} as `fetchTarget`, and `wrong_game` when the manifest is of another game or version
   * @throws {ReleaseError} `bad_manifest`
   */
  async fetchManifest(fetcher: TrustFetcher, version: string): Promise<Manifest> {
    const path = manifestTargetPath(version);
    const manifest = parseManifest(await this.fetchTarget(fetcher, path));
    if (manifest.game !== this.game || manifest.version !== version) {
      throw new TrustError(
        'wrong_game',
        `read ${path}: found ${manifest.game} ${manifest.version}, wanted ${this.game} ${version}`,
        path,
      );
    }
    return manifest;
  }

  /** The chain of cached roots, from the pinned one on, as far as each verifies. */
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

  /** Reference time zero: what is cached was in time when it arrived, and is shown as stale rather than dropped. */
  async #openView(): Promise<TrustedSet | undefined> {
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

  #trustRoots(referenceMs: number): TrustedSet | undefined {
    const [first, ...rest] = this.#roots;
    if (first === undefined) return undefined;
    const set = this.#openFirstRoot(first, referenceMs);
    for (const bytes of rest) set.addRoot(bytes);
    return set;
  }

  /** 5.2: the root that came with the launcher, which is its fingerprint here. */
  #openFirstRoot(bytes: Uint8Array, referenceMs: number): TrustedSet {
    const set = new TrustedSet(bytes, this.game, referenceMs);
    const found = set.rootFingerprint;
    if (set.rootVersion !== 1 || found !== this.#rootFingerprint.toLowerCase()) {
      throw new TrustError(
        'wrong_root',
        `verify the root of ${this.game}: found fingerprint ${found}, wanted ${this.#rootFingerprint}; check --root-fingerprint and the origin's address`,
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
    this.#findings.push({ file, found, error });
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

function notRefreshed(what: string): TrustError {
  return new TrustError('not_refreshed', `read ${what}: no metadata is trusted yet; refresh from the origin first`);
}
