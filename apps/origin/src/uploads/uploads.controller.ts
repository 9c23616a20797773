import { Body, Controller, Get, HttpCode, Param, Post, Put, UseGuards } from '@nestjs/common';
import {
  type BeginUploadReply,
  beginUploadReplySchema,
  type BeginUploadRequest,
  beginUploadRequestSchema,
  type CommitUploadReply,
  commitUploadReplySchema,
  type PutTargetsRequest,
  putTargetsRequestSchema,
  REQUEST_BYTES_MAX,
  UPLOAD_REQUEST_BYTES_MAX,
  type UploadBlobsReply,
  uploadBlobsReplySchema,
  type UploadStateReply,
  uploadStateReplySchema,
} from '@swarmpatch/api-contract';
import { parseVersion } from '@swarmpatch/release';
import { Describe } from '../docs/operation.ts';
import { GameDirectory } from '../games/game-directory.ts';
import { IncomingBody, JsonBody } from '../http/incoming-body.ts';
import { Metrics, type UploadStep } from '../operations/metrics.ts';
import { OriginError } from '../origin-error.ts';
import { PatchPlanner } from '../patches/patch-planner.ts';
import { AuditLog } from '../tokens/audit-log.ts';
import { BearerGuard } from '../tokens/bearer.guard.ts';
import { type Caller, FromCaller } from '../tokens/caller.ts';
import { nextTargetsOf, targetsReplyOf } from '../trust/next-targets.ts';
import { BlobStream } from './blob-stream.ts';
import { UploadIntake } from './upload-intake.ts';

@Controller('api/games/:game/uploads/:version')
@UseGuards(BearerGuard)
export class UploadsController {
  readonly #games: GameDirectory;
  readonly #intake: UploadIntake;
  readonly #blobs: BlobStream;
  readonly #patches: PatchPlanner;
  readonly #audit: AuditLog;
  readonly #metrics: Metrics;

  constructor(
    games: GameDirectory,
    intake: UploadIntake,
    blobs: BlobStream,
    patches: PatchPlanner,
    audit: AuditLog,
    metrics: Metrics,
  ) {
    this.#games = games;
    this.#intake = intake;
    this.#blobs = blobs;
    this.#patches = patches;
    this.#audit = audit;
    this.#metrics = metrics;
  }

  @Get()
  @Describe({
    summary: 'Whether this token may publish this version, before anything is hashed',
    token: 'publish',
    reply: uploadStateReplySchema,
    errors: ['game_not_found', 'version_exists', 'bad_version'],
  })
  async state(@Param('game') game: string, @Param('version') version: string): Promise<UploadStateReply> {
    await this.#games.find(game);
    return { version, state: await this.#intake.state(game, parseVersion(version)) };
  }

  @Put()
  @Describe({
    summary: 'Begin an upload with its documents, or find it again; the answer lists what is missing',
    token: 'publish',
    body: beginUploadRequestSchema,
    reply: beginUploadReplySchema,
    errors: [
      'game_not_found',
      'game_not_ready',
      'version_exists',
      'bad_version',
      'bad_manifest',
      'bad_torrent',
      'too_large',
    ],
  })
  async begin(
    @Param('game') game: string,
    @Param('version') version: string,
    @FromCaller() caller: Caller,
    @Body({ schema: beginUploadRequestSchema, pipes: [new JsonBody(UPLOAD_REQUEST_BYTES_MAX)] })
    request: BeginUploadRequest,
  ): Promise<BeginUploadReply> {
    return this.#counted('begin', async () => {
      const missing = await this.#intake.begin(await this.#games.find(game), parseVersion(version), {
        manifest: Buffer.from(request.manifest, 'base64'),
        torrent: Buffer.from(request.torrent, 'base64'),
      });
      this.#audit.record(caller, 'upload.begin', { game, version, missing: missing.length });
      return { missing };
    });
  }

  @Post('blobs')
  @HttpCode(200)
  @Describe({
    summary: 'Send missing blobs as a tar; a stream that breaks off keeps what has come',
    token: 'publish',
    bodyType: 'application/x-tar',
    reply: uploadBlobsReplySchema,
    errors: ['upload_not_found', 'version_exists', 'bad_upload', 'storage_full'],
  })
  async blobs(
    @Param('game') game: string,
    @Param('version') version: string,
    @Body() body: unknown,
  ): Promise<UploadBlobsReply> {
    return this.#counted('blobs', async () => {
      if (!(body instanceof IncomingBody)) throw new OriginError('bad_upload', 'receive blobs: found no tar stream');
      return this.#blobs.receive(body.stream, await this.#intake.wantedBlobs(game, version));
    });
  }

  @Post('commit')
  @HttpCode(200)
  @Describe({
    summary: 'Publish the release with the signed targets that name it',
    token: 'publish',
    body: putTargetsRequestSchema,
    reply: commitUploadReplySchema,
    errors: ['upload_not_found', 'version_exists', 'blobs_missing', 'targets_version_conflict', 'bad_trust'],
  })
  async commit(
    @Param('game') game: string,
    @Param('version') version: string,
    @FromCaller() caller: Caller,
    @Body({ schema: putTargetsRequestSchema, pipes: [new JsonBody(REQUEST_BYTES_MAX)] }) request: PutTargetsRequest,
  ): Promise<CommitUploadReply> {
    return this.#counted('commit', async () => {
      const published = await this.#intake.commit(await this.#games.find(game), version, nextTargetsOf(request));
      this.#audit.record(caller, 'release.publish', { game, version, targetsVersion: published.targetsVersion });
      await this.#patches.plan(game);
      return { ...targetsReplyOf(published), version };
    });
  }

  async #counted<Reply>(step: UploadStep, work: () => Promise<Reply>): Promise<Reply> {
    try {
      const reply = await work();
      this.#metrics.addUpload(step, 'ok');
      return reply;
    } catch (error) {
      this.#metrics.addUpload(step, 'failed');
      throw error;
    }
  }
}
