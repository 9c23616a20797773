/** A game as its studio sees it: the metadata that its own keys vouch for, and the next one that they sign. */
import { Buffer } from 'node:buffer';
import type { PutTargetsRequest, TargetDocument } from '@swarmpatch/api-contract';
import { ApiError } from '@swarmpatch/node-io/api-client';
import { readPublicKeys, readSigner } from '@swarmpatch/node-io/keys';
import type { DescribedRelease } from '@swarmpatch/plan';
import { type ChannelRecord, compareVersions, encodeChannelRecord } from '@swarmpatch/release';
import {
  channelTargetPath,
  createTargets,
  describeTarget,
  expiryOf,
  manifestTargetPath,
  type Signer,
  type TargetInfo,
  torrentTargetPath,
  type TrustCache,
  TrustClient,
} from '@swarmpatch/trust';
import { describeRelease } from '../publish/described-release.ts';
import { PublishError } from '../publish-error.ts';
import type { Origin } from './origin.ts';

/** Somebody else's publish may come in between this often before it is called a conflict. */
const SIGN_ATTEMPTS_MAX = 10;

const MANIFEST_PATH = /^releases\/([^/]+)\/manifest\.json$/;

/** What the next targets metadata changes. */
export interface TargetsChange {
  /** Targets that are new, or that replace those of the same path. */
  targets: ReadonlyMap<string, TargetInfo>;
  channel: ChannelRecord;
}

export class Studio {
  readonly game: string;
  readonly #origin: Origin;
  readonly #client: TrustClient;
  readonly #signer: Signer;
  readonly #nowMs: () => number;

  private constructor(game: string, origin: Origin, client: TrustClient, signer: Signer, nowMs: () => number) {
    this.game = game;
    this.#origin = origin;
    this.#client = client;
    this.#signer = signer;
    this.#nowMs = nowMs;
  }

  /**
   * Reads the keys and the game's trusted metadata, and checks that they belong together.
   *
   * @throws {PublishError} `game_not_found`, `game_not_ready`, `wrong_keys`
   * @throws {KeysError}, {TrustError}, {ApiError}
   */
  static async open(options: { game: string; keys: string; origin: Origin; nowMs: () => number }): Promise<Studio> {
    const { game, keys, origin, nowMs } = options;
    const { rootFingerprint } = await readPublicKeys(keys);
    const signer = await readSigner(keys, 'release');
    const known = await findGame(origin, game);
    if (known.state === 'pending') {
      throw new PublishError(
        'game_not_ready',
        `open game ${game}: it has no trust root yet; run game create ${game} again`,
      );
    }
    const wrongKeys = (found: string): PublishError =>
      new PublishError(
        'wrong_keys',
        `open game ${game} with the keys in ${keys}: ${found}; name the game's own keys with --keys`,
      );
    if (known.rootFingerprint !== rootFingerprint) {
      throw wrongKeys(
        `their root fingerprint is ${rootFingerprint}, the game's is ${known.rootFingerprint ?? 'unknown'}`,
      );
    }
    const client = await TrustClient.open({ game, rootFingerprint, cache: new MemoryCache() });
    await client.refresh(origin.trustOf(game), nowMs());
    if (!client.keysOf('targets').keys.some(({ keyId }) => keyId === signer.key.keyId)) {
      throw wrongKeys('the game does not take releases from this release key (any more)');
    }
    return new Studio(game, origin, client, signer, nowMs);
  }

  hasRelease(version: string): boolean {
    return this.#client.target(manifestTargetPath(version)) !== undefined;
  }

  /** Whether this very manifest is published. */
  hasManifest(version: string, manifest: TargetInfo): boolean {
    return this.#client.target(manifestTargetPath(version))?.sha256 === manifest.sha256;
  }

  /** Published versions, highest first. */
  get newestVersions(): string[] {
    const versions = [...this.#client.targets.keys()].flatMap((path) => MANIFEST_PATH.exec(path)?.[1] ?? []);
    return versions.toSorted((left, right) => compareVersions(right, left));
  }

  /** @throws {TrustError}, {ReleaseError} */
  manifest(version: string): ReturnType<TrustClient['fetchManifest']> {
    return this.#client.fetchManifest(this.#origin.trustOf(this.game), version);
  }

  /** What reading a release's manifest and torrent takes. */
  documentBytes(version: string): number {
    const paths = [manifestTargetPath(version), torrentTargetPath(version)];
    return paths.reduce((bytes, path) => bytes + (this.#client.target(path)?.lengthBytes ?? 0), 0);
  }

  /**
   * Manifest and piece layers of a published release.
   *
   * @throws {TrustError}, {ReleaseError}, {MetainfoError}, {ApiError}
   */
  async describe(version: string): Promise<DescribedRelease> {
    const manifest = await this.manifest(version);
    // Not the signed copy: who fetches that is counted as a player on the way to the release. The manifest vouches for its infohash.
    return describeRelease(manifest, await this.#origin.torrent(this.game, version));
  }

  /** @returns Undefined for a channel that names nothing yet. */
  async channel(name: string): Promise<ChannelRecord | undefined> {
    if (this.#client.target(channelTargetPath(name)) === undefined) return undefined;
    return this.#client.fetchChannel(this.#origin.trustOf(this.game), name);
  }

  /**
   * Lets a channel name another release, or the same for other installs.
   *
   * @param next The channel's next record; called again when somebody else published in between.
   * @throws {PublishError} `publish_conflict`
   */
  async setChannel(next: () => Promise<ChannelRecord>): Promise<ChannelRecord> {
    const { change } = await this.signNext(
      async () => ({ targets: new Map(), channel: await next() }),
      (body) => this.#origin.putTargets(this.game, body),
    );
    return change.channel;
  }

  /**
   * Signs the next targets metadata and sends it; when somebody else's came first, does so again upon theirs.
   *
   * @param prepare Called once an attempt, with this studio refreshed.
   * @throws {PublishError} `publish_conflict`
   */
  async signNext<Reply>(
    prepare: () => Promise<TargetsChange>,
    send: (body: PutTargetsRequest) => Promise<Reply>,
  ): Promise<{ change: TargetsChange; reply: Reply }> {
    for (let attempt = 1; attempt <= SIGN_ATTEMPTS_MAX; attempt += 1) {
      await this.refresh();
      const change = await prepare();
      try {
        return { change, reply: await send(this.#sign(change)) };
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'targets_version_conflict') throw error;
      }
    }
    throw new PublishError(
      'publish_conflict',
      `publish for ${this.game}: others published first ${SIGN_ATTEMPTS_MAX} times in a row; try again when they are done`,
    );
  }

  refresh(): Promise<void> {
    return this.#client.refresh(this.#origin.trustOf(this.game), this.#nowMs());
  }

  #sign(change: TargetsChange): PutTargetsRequest {
    const record = encodeChannelRecord(change.channel);
    const document: TargetDocument = {
      path: channelTargetPath(change.channel.channel),
      base64: Buffer.from(record).toString('base64'),
    };
    const targets = createTargets({
      game: this.game,
      version: (this.#client.targetsVersion ?? 0) + 1,
      expiresMs: expiryOf('targets', this.#nowMs()),
      signers: [this.#signer],
      targets: new Map([...this.#client.targets, ...change.targets, [document.path, describeTarget(record)]]),
      // Whoever signs snapshots may also list patches between what is signed here.
      patchesKey: this.#client.keysOf('snapshot').keys[0],
    });
    return { targets: Buffer.from(targets).toString('utf8'), documents: [document] };
  }
}

async function findGame(origin: Origin, game: string): ReturnType<Origin['game']> {
  try {
    return await origin.game(game);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    throw new PublishError(
      'game_not_found',
      `open game ${game}: ${origin.url} knows no such game; register it with game create`,
      {
        cause: error,
      },
    );
  }
}

/** A command lives for one refresh: rollback protection over time is the launcher's, which keeps its cache. */
class MemoryCache implements TrustCache {
  readonly #files = new Map<string, Uint8Array>();

  read(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#files.get(name));
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    this.#files.set(name, bytes);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.#files.delete(name);
    return Promise.resolve();
  }
}
