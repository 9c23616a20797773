/** What a game's channels and releases are, as far as signatures prove it. */
import {
  type ChannelRecord,
  type Manifest,
  parseChannelRecord,
  parseManifest,
  parsePatchListing,
  PATCH_LISTING_BYTES_MAX,
  type PatchEntry,
} from '@swarmpatch/release';
import { describeTarget, type TargetInfo } from './create-metadata.ts';
import { type CacheFinding, MetadataKeeper, type TrustClientOptions } from './metadata-keeper.ts';
import type { PublicKey, TrustFetcher } from './ports.ts';
import {
  channelTargetPath,
  CLOCK_MS_MIN,
  manifestTargetPath,
  metadataBytesMax,
  metadataFileName,
  PATCH_LISTING_TARGET_PATH,
  PATCHES_ROLE,
  type RoleName,
  TARGET_BYTES_MAX,
  targetFileName,
} from './roles.ts';
import type { TrustedSet, TrustedTargets } from './trusted-set.ts';
import { TrustError } from './trust-error.ts';

export class TrustClient {
  readonly game: string;
  readonly #keeper: MetadataKeeper;
  #trusted: TrustedSet | undefined;
  #targets: TrustedTargets | undefined;

  private constructor(game: string, keeper: MetadataKeeper) {
    this.game = game;
    this.#keeper = keeper;
  }

  /** Opens with what the cache holds, however old: `isStale` tells. Files that cannot be used become `cacheFindings`. */
  static async open(options: TrustClientOptions): Promise<TrustClient> {
    const keeper = await MetadataKeeper.open(options);
    const client = new TrustClient(options.game, keeper);
    client.#show(await keeper.openCached());
    return client;
  }

  get cacheFindings(): readonly CacheFinding[] {
    return this.#keeper.findings;
  }

  /** Undefined before any targets are trusted. */
  get targetsVersion(): number | undefined {
    return this.#targets?.version;
  }

  get targets(): ReadonlyMap<string, TargetInfo> {
    return this.#targets?.targets ?? new Map<string, TargetInfo>();
  }

  /** When the first of the trusted files expires, milliseconds since 1970; undefined before any are trusted. */
  get expiresMs(): number | undefined {
    return this.#targets && this.#trusted?.expiresMs;
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
    if (this.#trusted === undefined) throw notRefreshed(`keys of ${role}`);
    return this.#trusted.keysOf(role);
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
    this.#show(await this.#keeper.refresh(fetcher, nowMs));
  }

  /**
   * @returns The target's bytes, of the signed length and SHA-256.
   * @throws {TrustError} `not_refreshed`, `unknown_target`, `missing_target`, `target_mismatch`, `target_too_large`
   */
  async fetchTarget(fetcher: TrustFetcher, path: string): Promise<Uint8Array> {
    if (this.#targets === undefined) throw notRefreshed(path);
    const target = this.target(path);
    if (target === undefined) {
      throw new TrustError(
        'unknown_target',
        `fetch ${path}: the signed metadata of ${this.game} names no such target`,
        path,
      );
    }
    return fetchSigned(fetcher, path, target, TARGET_BYTES_MAX);
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

  /**
   * The patches that the origin offers under what was refreshed last, between releases that the studio signed. They are the origin's
   * word alone, so the caller
   *
   * 1. takes any failure of this call, and an empty answer, for "no patches": an update goes on without;
   * 2. uses a patch only where `joinsReleases(patch, from, to)` of `@swarmpatch/release` holds for the signed manifests of both
   *    ends: the installed one's, and one of `fetchManifest` (for a chain, of every version on the way);
   * 3. fetches the torrent `/torrents/GAME/FROM..TO.torrent` and takes it only with the infohashes of `patch.torrent` and with one
   *    file of `patch.bytes`, or starts from those infohashes; and
   * 4. checks every file that comes out of it against the signed manifest.
   *
   * @returns Empty when the studio has not let the origin list patches, or the origin has none.
   * @throws {TrustError} `not_refreshed`, and any refusal; what is trusted besides stays as it was
   * @throws {ReleaseError} `bad_patch_listing`
   */
  async fetchPatches(fetcher: TrustFetcher): Promise<PatchEntry[]> {
    if (this.#trusted === undefined || this.#targets === undefined) throw notRefreshed('patches');
    const named = this.#trusted.namedPatches;
    if (named === undefined) return [];
    const file = metadataFileName(PATCHES_ROLE, named.version);
    const bytesMax = metadataBytesMax[PATCHES_ROLE];
    const bytes = await fetcher.fetch(file, Math.min(named.lengthBytes ?? bytesMax, bytesMax));
    if (bytes === undefined) {
      throw new TrustError('missing_metadata', `fetch ${file}: the repository has no such file`, PATCHES_ROLE);
    }
    const listingTarget = this.#trusted.setPatches(bytes);
    const path = PATCH_LISTING_TARGET_PATH;
    const listing = parsePatchListing(await fetchSigned(fetcher, path, listingTarget, PATCH_LISTING_BYTES_MAX));
    if (listing.game !== this.game) {
      throw new TrustError('wrong_game', `read ${path}: found that of ${listing.game}, wanted ${this.game}`, path);
    }
    const isSigned = (version: string): boolean => this.target(manifestTargetPath(version)) !== undefined;
    return listing.patches.filter(({ from, to }) => isSigned(from) && isSigned(to));
  }

  #show(trusted: TrustedSet | undefined): void {
    this.#trusted = trusted;
    this.#targets = trusted?.targets;
  }
}

/** Fetches a target of the signed length and SHA-256. */
async function fetchSigned(
  fetcher: TrustFetcher,
  path: string,
  target: TargetInfo,
  bytesMax: number,
): Promise<Uint8Array> {
  if (target.lengthBytes > bytesMax) {
    throw new TrustError(
      'target_too_large',
      `fetch ${path}: it has ${target.lengthBytes} bytes, wanted at most ${bytesMax}`,
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

function notRefreshed(what: string): TrustError {
  return new TrustError('not_refreshed', `read ${what}: no metadata is trusted yet; refresh from the origin first`);
}
