/** Writes of a game's repository. Each method is one transaction: launchers see all of it or nothing. */
import { Injectable } from '@nestjs/common';
import { type MetadataRole, PATCHES_ROLE } from '@swarmpatch/trust';
import { Database, type DatabaseSession, isKeyTaken } from '../database/database.ts';
import { OriginError } from '../origin-error.ts';
import type { ChannelPointer, ReleaseRecord } from '../releases/release.repository.ts';
import type { MetadataFile, TargetRecord } from './trust.repository.ts';

/** The online half of a repository, always replaced together. */
export interface OnlineMetadata {
  /** Absent when the snapshot stays. */
  snapshot?: MetadataFile;
  timestamp: MetadataFile;
}

export interface Publication extends OnlineMetadata {
  game: string;
  targets: MetadataFile;
  /** Documents that are new with these targets. */
  documents: readonly TargetRecord[];
  /** All channels that these targets name. */
  channels: readonly ChannelPointer[];
  /** Absent when channels move between releases that are there. */
  release?: ReleaseRecord;
  nowMs: number;
}

/** Listings that are kept for launchers which read the metadata just before the newest. */
const LISTINGS_KEPT_MAX = 16;

@Injectable()
export class PublicationRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Makes a pending game ready.
   *
   * @throws {OriginError} `game_exists` when another request was first.
   */
  async open(
    game: string,
    first: { rootFingerprint: string; root: MetadataFile; targets: MetadataFile } & OnlineMetadata,
  ): Promise<void> {
    await this.#database.transaction(async (session) => {
      const { count } = await session.game.updateMany({
        where: { id: game, state: 'pending' },
        data: { state: 'ready', rootFingerprint: first.rootFingerprint },
      });
      if (count === 0) {
        throw new OriginError('game_exists', `open game ${game}: it has a trust root already; choose another id`);
      }
      await addMetadata(session, game, first);
    });
  }

  /** @throws {OriginError} `targets_version_conflict`, `version_exists` when another publisher was first. */
  async publish(publication: Publication): Promise<void> {
    const { game } = publication;
    await this.#database.transaction(async (session) => {
      await addMetadata(session, game, publication);
      for (const { path, sha256, lengthBytes, piecesRoot } of publication.documents) {
        await session.targetDocument.upsert({
          where: { gameId_path_sha256: { gameId: game, path, sha256 } },
          create: { gameId: game, path, sha256, lengthBytes, piecesRoot },
          update: {},
        });
      }
      if (publication.release) await addRelease(session, publication.release);
      await setChannels(session, publication);
    });
  }

  /** @throws {OriginError} `targets_version_conflict` when somebody else renewed or published at the same time. */
  async renew(game: string, online: OnlineMetadata): Promise<void> {
    await this.#database.transaction((session) => addMetadata(session, game, online));
  }

  /** @throws {OriginError} `targets_version_conflict` as `renew` */
  async offerPatches(
    game: string,
    offer: Required<OnlineMetadata> & { patches: MetadataFile; listing: { sha256: string; bytes: Uint8Array } },
  ): Promise<void> {
    const { patches, listing, snapshot, timestamp } = offer;
    const { version } = patches;
    const outdated = { gameId: game, version: { lte: version - LISTINGS_KEPT_MAX } };
    await this.#database.transaction(async (session) => {
      await addMetadata(session, game, { patches, snapshot, timestamp });
      const bytes = new Uint8Array(listing.bytes);
      await session.patchListing.create({ data: { gameId: game, version, sha256: listing.sha256, bytes } });
      await session.patchListing.deleteMany({ where: outdated });
      await session.trustMetadata.deleteMany({ where: { ...outdated, role: PATCHES_ROLE } });
    });
  }
}

async function addMetadata(
  session: DatabaseSession,
  game: string,
  files: Partial<Record<MetadataRole, MetadataFile>>,
): Promise<void> {
  for (const role of ['root', 'targets', 'patches', 'snapshot', 'timestamp'] as const) {
    const file = files[role];
    if (file === undefined) continue;
    const { version, bytes, expiresAtMs } = file;
    const data = { gameId: game, role, version, bytes: new Uint8Array(bytes), expiresAt: new Date(expiresAtMs) };
    await refusingTaken(session.trustMetadata.create({ data }), 'targets_version_conflict', () => {
      return `publish to ${game}: ${role} version ${version} is there already; read the metadata again, sign and retry`;
    });
  }
  const timestamp = files.timestamp;
  if (timestamp === undefined) return;
  await session.trustMetadata.deleteMany({
    where: { gameId: game, role: 'timestamp', version: { lt: timestamp.version } },
  });
}

async function addRelease(session: DatabaseSession, release: ReleaseRecord): Promise<void> {
  const { game, version, lengthBytes, notes, publishedAtMs, ...rest } = release;
  const data = {
    ...rest,
    gameId: game,
    version,
    state: 'published',
    lengthBytes: BigInt(lengthBytes),
    notes: notes ?? null,
    publishedAt: new Date(publishedAtMs),
  };
  await refusingTaken(session.release.create({ data }), 'version_exists', () => {
    return `publish ${game} ${version}: that version is published already; choose a new one`;
  });
  await session.upload.deleteMany({ where: { gameId: game, version } });
}

async function setChannels(session: DatabaseSession, publication: Publication): Promise<void> {
  const { game, channels, nowMs } = publication;
  const kept = new Map((await session.channel.findMany({ where: { gameId: game } })).map((row) => [row.name, row]));
  for (const { name, version, rolloutPercent } of channels) {
    const was = kept.get(name);
    kept.delete(name);
    const data = { version, rollout: rolloutPercent ?? null };
    if (was?.version === version && was.rollout === data.rollout) continue;
    await session.channel.upsert({
      where: { gameId_name: { gameId: game, name } },
      create: { gameId: game, name, updatedAt: new Date(nowMs), ...data },
      update: { updatedAt: new Date(nowMs), ...data },
    });
  }
  await session.channel.deleteMany({ where: { gameId: game, name: { in: [...kept.keys()] } } });
}

async function refusingTaken(
  write: PromiseLike<unknown>,
  code: 'targets_version_conflict' | 'version_exists',
  message: () => string,
): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isKeyTaken(error)) throw error;
    throw new OriginError(code, message(), { cause: error });
  }
}
