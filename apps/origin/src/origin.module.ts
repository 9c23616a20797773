import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DiskBlobStore } from '@swarmpatch/node-io/blob-store';
import { Tracker } from '@swarmpatch/tracker';
import { Clock } from './clock.ts';
import { Configuration } from './configuration.ts';
import { ByteSender } from './content/byte-sender.ts';
import { ContentController } from './content/content.controller.ts';
import { ReleaseCatalog } from './content/release-catalog.ts';
import { TorrentsController } from './content/torrents.controller.ts';
import { Database } from './database/database.ts';
import { API_CONTROLLERS, DocsController } from './docs/docs.controller.ts';
import { GameEvents } from './events/game-events.ts';
import { GameStandings } from './events/game-standings.ts';
import { GameDirectory } from './games/game-directory.ts';
import { GameRepository } from './games/game.repository.ts';
import { ErrorFilter } from './http/error.filter.ts';
import { RequestObserver } from './http/request-observer.ts';
import { type Logger, LOGGER } from './log.ts';
import { Metrics } from './operations/metrics.ts';
import { OperationsController } from './operations/operations.controller.ts';
import { Traffic } from './operations/traffic.ts';
import { PatchFiles } from './patches/patch-files.ts';
import { PatchJobs } from './patches/patch-jobs.ts';
import { PatchPlanner } from './patches/patch-planner.ts';
import { PatchShelf } from './patches/patch-shelf.ts';
import { PatchStatus } from './patches/patch-status.ts';
import { openPatchStore, PATCH_STORE } from './patches/patch-store.ts';
import { PatchRepository } from './patches/patch.repository.ts';
import { VersionUseRepository } from './patches/version-use.repository.ts';
import { VersionUses } from './patches/version-uses.ts';
import { PublicAddress } from './public-address.ts';
import { ReleaseRepository } from './releases/release.repository.ts';
import { BlobReader } from './storage/blob-reader.ts';
import { BLOB_STORE } from './storage/blob-store.ts';
import { AuditLog } from './tokens/audit-log.ts';
import { BearerGuard } from './tokens/bearer.guard.ts';
import { TokenKeeper } from './tokens/token-keeper.ts';
import { TokenRepository } from './tokens/token.repository.ts';
import { CountingTracker } from './tracker/counting-tracker.ts';
import { PublishedTorrents } from './tracker/published-torrents.ts';
import { TrackerEdges } from './tracker/tracker-edges.ts';
import { TrackerController } from './tracker/tracker.controller.ts';
import { DocumentStore } from './trust/document-store.ts';
import { MetadataRenewal } from './trust/metadata-renewal.ts';
import { OnlineKeys } from './trust/online-keys.ts';
import { PublicationRepository } from './trust/publication.repository.ts';
import { Publisher } from './trust/publisher.ts';
import { TrustController } from './trust/trust.controller.ts';
import { TrustRepository } from './trust/trust.repository.ts';
import { BlobStream } from './uploads/blob-stream.ts';
import { UploadIntake } from './uploads/upload-intake.ts';
import { UploadRepository } from './uploads/upload.repository.ts';

const repositories: Provider[] = [
  GameRepository,
  PatchRepository,
  PublicationRepository,
  ReleaseRepository,
  TokenRepository,
  TrustRepository,
  UploadRepository,
  VersionUseRepository,
];

const services: Provider[] = [
  AuditLog,
  BearerGuard,
  BlobReader,
  BlobStream,
  ByteSender,
  DocumentStore,
  GameDirectory,
  GameEvents,
  GameStandings,
  MetadataRenewal,
  Metrics,
  OnlineKeys,
  PatchFiles,
  PatchJobs,
  PatchPlanner,
  PatchShelf,
  PatchStatus,
  PublicAddress,
  PublishedTorrents,
  Publisher,
  ReleaseCatalog,
  RequestObserver,
  TokenKeeper,
  TrackerEdges,
  Traffic,
  UploadIntake,
  VersionUses,
];

/** What exists before the module does. */
export interface OriginParts {
  configuration: Configuration;
  database: Database;
  logger: Logger;
  clock: Clock;
}

@Module({})
export class OriginModule {
  static with({ configuration, database, logger, clock }: OriginParts): DynamicModule {
    const { openTracker } = configuration.options;
    return {
      module: OriginModule,
      controllers: [
        ...API_CONTROLLERS,
        ContentController,
        DocsController,
        OperationsController,
        TorrentsController,
        TrackerController,
        TrustController,
      ],
      providers: [
        { provide: Configuration, useValue: configuration },
        { provide: Database, useValue: database },
        { provide: LOGGER, useValue: logger },
        { provide: Clock, useValue: clock },
        { provide: BLOB_STORE, useFactory: () => DiskBlobStore.open(configuration.blobsDirectory) },
        { provide: PATCH_STORE, useFactory: () => openPatchStore(configuration) },
        {
          provide: CountingTracker,
          useValue: new CountingTracker({ admission: openTracker ? 'any' : 'published', random: Math.random }),
        },
        { provide: Tracker, useExisting: CountingTracker },
        { provide: APP_FILTER, useClass: ErrorFilter },
        ...repositories,
        ...services,
      ],
    };
  }
}
