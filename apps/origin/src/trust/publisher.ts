import { Inject, Injectable } from '@nestjs/common';
import { encodePatchListing, type PatchEntry } from '@swarmpatch/release';
import type { BlobStore } from '@swarmpatch/storage';
import {
  describeTarget,
  PATCHES_ROLE,
  type RoleName,
  type TrustedTargets,
  verifyFirstTrust,
  verifyNextTargets,
} from '@swarmpatch/trust';
import { Clock } from '../clock.ts';
import type { GameRecord } from '../games/game.repository.ts';
import { OriginError } from '../origin-error.ts';
import { type ChannelPointer, type ReleaseRecord, ReleaseRepository } from '../releases/release.repository.ts';
import { BLOB_STORE } from '../storage/blob-store.ts';
import { DocumentStore } from './document-store.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { OnlineKeys } from './online-keys.ts';
import { isDue, type OnlineState, signOnline, signPatches, signTimestamp } from './online-metadata.ts';
import { checkTargets, isChannelPath, readChannel } from './publication-rules.ts';
import { PublicationRepository } from './publication.repository.ts';
import { type MetadataFile, type TargetRecord, TrustRepository } from './trust.repository.ts';

export interface NextTargets {
  /** The signed metadata, byte for byte. */
  bytes: Uint8Array;
  /** Channel documents that are new with it. */
  documents: readonly { path: string; bytes: Uint8Array }[];
}

/** A release whose blobs are all here, and the two signed targets that describe it. */
export interface ReleaseToPublish {
  record: ReleaseRecord;
  targets: readonly TargetRecord[];
}

export interface Published {
  targetsVersion: number;
  channels: ChannelPointer[];
}

interface CurrentMetadata extends Record<RoleName, MetadataFile>, OnlineState {
  snapshot: MetadataFile;
  timestamp: MetadataFile;
}

/** The only writer of a game's trust repository. */
@Injectable()
export class Publisher {
  readonly #publications: PublicationRepository;
  readonly #trust: TrustRepository;
  readonly #releases: ReleaseRepository;
  readonly #documents: DocumentStore;
  readonly #keys: OnlineKeys;
  readonly #blobs: BlobStore;
  readonly #clock: Clock;
  /** One writer a game within this process; across processes the database's keys decide. */
  readonly #queue = new KeyedQueue();
  #onChange: (game: string) => void = () => undefined;

  constructor(
    publications: PublicationRepository,
    trust: TrustRepository,
    releases: ReleaseRepository,
    documents: DocumentStore,
    keys: OnlineKeys,
    @Inject(BLOB_STORE) blobs: BlobStore,
    clock: Clock,
  ) {
    this.#publications = publications;
    this.#trust = trust;
    this.#releases = releases;
    this.#documents = documents;
    this.#keys = keys;
    this.#blobs = blobs;
    this.#clock = clock;
  }

  /** @param listener Told when a game has other releases, channels or patches than before. */
  onChange(listener: (game: string) => void): void {
    this.#onChange = listener;
  }

  /**
   * Takes a game's first root and targets.
   *
   * @returns The fingerprint that launchers pin.
   * @throws {TrustError} as `verifyFirstTrust`
   * @throws {OriginError} `game_exists`
   */
  open(game: string, first: { root: Uint8Array; targets: Uint8Array }): Promise<string> {
    return this.#queue.run(game, async () => {
      const nowMs = this.#clock.nowMs();
      const signer = await this.#keys.signer(game);
      const { rootFingerprint, targets } = verifyFirstTrust({ game, ...first, onlineKey: signer.key, nowMs });
      if (targets.targets.size > 0) {
        throw new OriginError('bad_trust', `open game ${game}: found targets that name releases, wanted none yet`);
      }
      const firstTargets = fileOf(targets.version, first.targets);
      await this.#publications.open(game, {
        rootFingerprint,
        root: fileOf(1, first.root),
        targets: firstTargets,
        ...signOnline({ game, signer, nowMs }, { snapshot: undefined, timestamp: undefined }, firstTargets),
      });
      return rootFingerprint;
    });
  }

  /**
   * Publishes the next targets: release, channels and metadata in one transaction.
   *
   * @throws {TrustError} as `verifyNextTargets`
   * @throws {OriginError} `bad_trust`, `game_not_ready`, `targets_version_conflict`, `version_exists`
   */
  publish(game: GameRecord, next: NextTargets, release?: ReleaseToPublish): Promise<Published> {
    return this.#queue.run(game.id, async () => {
      const nowMs = this.#clock.nowMs();
      const current = await this.#currentMetadata(game.id);
      const verified = verifyNextTargets({
        game: game.id,
        root: current.root.bytes,
        current: current.targets.bytes,
        next: next.bytes,
        nowMs,
      });
      const documents = [...(release?.targets ?? []), ...(await this.#storeChannelDocuments(next.documents))];
      const published = await this.#releases.list(game.id);
      const versions = new Set(published.map(({ version }) => version));
      if (release) versions.add(release.record.version);
      const knownTargets = await this.#trust.listTargetKeys(game.id);
      const facts = { game: game.id, knownTargets, newTargets: documents, versions };
      checkTargets(verified, facts);
      const channels = await this.#readChannels(verified, facts);
      const targets = fileOf(verified.version, next.bytes);
      const signer = await this.#keys.signer(game.id);
      await this.#blobs.flush();
      await this.#publications.publish({
        game: game.id,
        targets,
        ...signOnline({ game: game.id, signer, nowMs }, current, targets),
        documents,
        channels,
        ...(release && { release: release.record }),
        nowMs,
      });
      this.#onChange(game.id);
      return { targetsVersion: targets.version, channels };
    });
  }

  /** Whether the studio lets this origin list patches. */
  async mayOfferPatches(game: string): Promise<boolean> {
    const targets = await this.#trust.current(game, 'targets');
    return targets !== undefined && delegatesPatches(targets);
  }

  /**
   * Lists just these patches, if they are not what is listed already and the studio lets this origin list any.
   *
   * @param listPatches Called when nobody else writes to the game's repository.
   */
  offerPatches(game: string, listPatches: () => Promise<PatchEntry[]>): Promise<void> {
    return this.#queue.run(game, async () => {
      const current = await this.#currentMetadata(game);
      if (!delegatesPatches(current.targets)) return;
      const patches = await listPatches();
      if (patches.length === 0 && current.patches === undefined) return;
      const bytes = encodePatchListing({ format: 1, game, patches });
      const { sha256 } = describeTarget(bytes);
      if ((await this.#trust.currentListing(game))?.sha256 === sha256) return;
      await this.#list(game, current, bytes);
    });
  }

  /** Signs the game's timestamp, its snapshot and its patch listing again when they are due. @returns Whether they were. */
  renew(game: string): Promise<boolean> {
    return this.#queue.run(game, async () => {
      const nowMs = this.#clock.nowMs();
      const current = await this.#currentMetadata(game);
      if (current.patches && delegatesPatches(current.targets) && isDue('patches', current.patches, nowMs)) {
        const listing = await this.#trust.currentListing(game);
        if (listing) await this.#list(game, current, listing.bytes);
        return listing !== undefined;
      }
      const snapshotDue = isDue('snapshot', current.snapshot, nowMs);
      if (!snapshotDue && !isDue('timestamp', current.timestamp, nowMs)) return false;
      const context = { game, signer: await this.#keys.signer(game), nowMs };
      await this.#publications.renew(
        game,
        snapshotDue
          ? signOnline(context, current, current.targets)
          : { timestamp: signTimestamp(context, current.timestamp, current.snapshot) },
      );
      return true;
    });
  }

  async #list(game: string, current: CurrentMetadata, listing: Uint8Array): Promise<void> {
    const context = { game, signer: await this.#keys.signer(game), nowMs: this.#clock.nowMs() };
    const target = describeTarget(listing);
    const patches = signPatches(context, current.patches, target);
    await this.#publications.offerPatches(game, {
      patches,
      listing: { sha256: target.sha256, bytes: listing },
      ...signOnline(context, { ...current, patches }, current.targets),
    });
    this.#onChange(game);
  }

  async #currentMetadata(game: string): Promise<CurrentMetadata> {
    const [root, targets, snapshot, timestamp, patches] = await Promise.all([
      this.#trust.current(game, 'root'),
      this.#trust.current(game, 'targets'),
      this.#trust.current(game, 'snapshot'),
      this.#trust.current(game, 'timestamp'),
      this.#trust.current(game, PATCHES_ROLE),
    ]);
    if (!root || !targets || !snapshot || !timestamp) {
      throw new OriginError(
        'game_not_ready',
        `publish to ${game}: found no trust root; send it with game create first`,
      );
    }
    return { root, targets, snapshot, timestamp, patches };
  }

  async #storeChannelDocuments(documents: NextTargets['documents']): Promise<TargetRecord[]> {
    const other = documents.find(({ path }) => !isChannelPath(path));
    if (other) {
      throw new OriginError('bad_trust', `publish: found document ${other.path}, wanted channel documents alone`);
    }
    return Promise.all(documents.map(async ({ path, bytes }) => ({ path, ...(await this.#documents.put(bytes)) })));
  }

  async #readChannels(
    next: TrustedTargets,
    facts: { game: string; newTargets: readonly TargetRecord[]; versions: ReadonlySet<string> },
  ): Promise<ChannelPointer[]> {
    const channels: ChannelPointer[] = [];
    for (const [path, { sha256 }] of next.targets) {
      if (!isChannelPath(path)) continue;
      const fresh = facts.newTargets.find((target) => target.path === path);
      const target = fresh ?? (await this.#trust.target(facts.game, path, sha256));
      if (!target) throw new OriginError('bad_trust', `publish: found no bytes of ${path}`);
      const { channel, version, rollout } = readChannel(path, await this.#documents.read(target.piecesRoot), facts);
      channels.push({ name: channel, version, ...(rollout !== undefined && { rolloutPercent: rollout }) });
    }
    return channels;
  }
}

function fileOf(version: number, bytes: Uint8Array): MetadataFile {
  return { version, bytes, expiresAtMs: expiryIn(bytes) };
}

/** @param targets Were verified: the only delegation that they can have is that of patches to this origin. */
function delegatesPatches(targets: MetadataFile): boolean {
  const { signed } = JSON.parse(new TextDecoder().decode(targets.bytes)) as { signed: { delegations?: object } };
  return signed.delegations !== undefined;
}

/** @param bytes Metadata that was verified. */
function expiryIn(bytes: Uint8Array): number {
  const { signed } = JSON.parse(new TextDecoder().decode(bytes)) as { signed: { expires: string } };
  return Date.parse(signed.expires);
}
