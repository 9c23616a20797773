import { mkdir, rm } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { PatchProgress } from '@swarmpatch/api-contract';
import { patchName } from '@swarmpatch/release';
import { type BlobStore, StorageError } from '@swarmpatch/storage';
import { Clock } from '../clock.ts';
import { Configuration } from '../configuration.ts';
import { type Logger, LOGGER } from '../log.ts';
import { ReleaseRepository } from '../releases/release.repository.ts';
import { describeDocument } from '../trust/document-store.ts';
import { makePatch, type MadePatch } from './make-patch.ts';
import { PatchPlanner } from './patch-planner.ts';
import { PatchShelf } from './patch-shelf.ts';
import { PATCH_STORE } from './patch-store.ts';
import { type PatchPair, type PatchRecord, PatchRepository, type StoredPatch } from './patch.repository.ts';

/** How often making one patch may end the origin before it is given up. */
export const PATCH_ATTEMPTS_MAX = 3;
/** How often a patch that fails is begun: what failed for want of memory or disk may well go a while later. */
export const FAILED_ATTEMPTS_MAX = 2;
/** Players turn up on old versions between releases, too; and what failed is tried again. */
const PLAN_INTERVAL_MS = 60 * 60_000;

/** Makes the patches that are queued, one at a time, each in a process of its own that gets what others leave of the processors. */
@Injectable()
export class PatchJobs implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #patches: PatchRepository;
  readonly #releases: ReleaseRepository;
  readonly #planner: PatchPlanner;
  readonly #shelf: PatchShelf;
  readonly #store: BlobStore;
  readonly #configuration: Configuration;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;
  #progress: { patch: PatchPair; progress: PatchProgress } | undefined;
  #isQueueStale = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    patches: PatchRepository,
    releases: ReleaseRepository,
    planner: PatchPlanner,
    shelf: PatchShelf,
    @Inject(PATCH_STORE) store: BlobStore,
    configuration: Configuration,
    clock: Clock,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.#patches = patches;
    this.#releases = releases;
    this.#planner = planner;
    this.#shelf = shelf;
    this.#store = store;
    this.#configuration = configuration;
    this.#clock = clock;
    this.#logger = logger;
  }

  async onApplicationBootstrap(): Promise<void> {
    await rm(this.#configuration.patchScratchDirectory, { recursive: true, force: true });
    await this.#patches.recover(PATCH_ATTEMPTS_MAX, this.#clock.nowMs());
    this.#planner.onQueued(() => this.#wake());
    await this.#planAll();
    this.#timer = setInterval(() => void this.#planLater(), PLAN_INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#working;
  }

  /** Of the patch that this process makes. */
  progressOf({ game, from, to }: PatchPair): PatchProgress | undefined {
    const { patch, progress } = this.#progress ?? {};
    return patch?.game === game && patch.from === from && patch.to === to ? progress : undefined;
  }

  #wake(): void {
    this.#isQueueStale = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#isQueueStale && !this.#stop.signal.aborted) this.#wake();
    });
  }

  async #work(): Promise<void> {
    this.#isQueueStale = false;
    try {
      while (!this.#stop.signal.aborted) {
        const patch = await this.#patches.begin(this.#clock.nowMs());
        if (patch === undefined) return;
        await this.#make(patch);
      }
    } catch (error) {
      this.#logger.error({ err: error }, 'patches could not be made; trying again when the next is planned');
    }
  }

  async #make(patch: PatchRecord): Promise<void> {
    const { game, from, to } = patch;
    const scratchPath = join(this.#configuration.patchScratchDirectory, patchName(game, from, to));
    const startedMs = this.#clock.nowMs();
    try {
      await mkdir(this.#configuration.patchScratchDirectory, { recursive: true });
      const outcome = await makePatch(await this.#taskOf(patch, scratchPath), {
        signal: this.#stop.signal,
        onProgress: (progress) => {
          this.#progress = { patch, progress };
        },
      });
      if (outcome.kind === 'rejected') {
        const { reason, defeated } = outcome;
        await this.#patches.finish(patch, { state: 'rejected', reason, defeated }, this.#clock.nowMs());
        this.#logger.info({ game, from, to, reason }, 'patch not worth having');
        await this.#planner.plan(game);
        return;
      }
      const stored = await this.#shelf.add(
        game,
        () => this.#storePatch(outcome, scratchPath),
        (written) => {
          const { defeated } = outcome;
          return this.#patches.finish(patch, { state: 'ready', stored: written, defeated }, this.#clock.nowMs());
        },
      );
      if (stored === undefined) return;
      const seconds = (this.#clock.nowMs() - startedMs) / 1000;
      this.#logger.info({ game, from, to, bytes: stored.bytes, seconds }, 'patch made');
      // It may be one too many, or others were kept until it was made.
      await this.#planner.plan(game);
    } catch (error) {
      await this.#fail(patch, error);
    } finally {
      this.#progress = undefined;
      await rm(scratchPath, { force: true });
    }
  }

  async #taskOf({ game, from, to }: PatchRecord, patchPath: string): Promise<Parameters<typeof makePatch>[0]> {
    const [old, next] = await Promise.all([this.#releases.find(game, from), this.#releases.find(game, to)]);
    if (!old || !next) throw new Error(`${old ? to : from} is not published`);
    const documentsOf = ({ manifestPiecesRoot, torrentPiecesRoot }: typeof old) => ({
      manifestPiecesRoot,
      torrentPiecesRoot,
    });
    const { blobsDirectory } = this.#configuration;
    return { blobsDirectory, old: documentsOf(old), next: documentsOf(next), patchPath };
  }

  async #storePatch(made: MadePatch, patchPath: string): Promise<StoredPatch> {
    const { bytes, writtenBytes, oldReadBytes, torrent, piecesRoot } = made;
    const { piecesRoot: torrentPiecesRoot } = describeDocument(made.torrentBytes);
    await unlessStored(async () => {
      const writer = await this.#store.beginWrite(piecesRoot, bytes);
      try {
        for await (const chunk of createReadStream(patchPath, { highWaterMark: 256 * 1024 })) {
          await writer.write(chunk as Buffer);
        }
        await writer.commit();
      } finally {
        await writer.abort();
      }
    });
    await unlessStored(() => this.#store.put(torrentPiecesRoot, made.torrentBytes));
    await this.#store.flush();
    return { bytes, writtenBytes, oldReadBytes, torrent, piecesRoot, torrentPiecesRoot };
  }

  async #fail(patch: PatchRecord, error: unknown): Promise<void> {
    const { game, from, to } = patch;
    if (this.#stop.signal.aborted) {
      await this.#patches.finish(patch, { state: 'waiting' }, this.#clock.nowMs());
      return;
    }
    this.#logger.error({ game, from, to, err: error }, 'patch could not be made');
    const reason = error instanceof Error ? error.message : String(error);
    await this.#patches.finish(patch, { state: 'failed', reason }, this.#clock.nowMs());
    await this.#planner.plan(game);
  }

  async #planAll(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const endedBeforeMs = nowMs - PLAN_INTERVAL_MS;
    await this.#patches.retry({ attemptsMax: FAILED_ATTEMPTS_MAX, endedBeforeMs }, nowMs);
    await this.#planner.planAll();
  }

  async #planLater(): Promise<void> {
    try {
      await this.#planAll();
    } catch (error) {
      this.#logger.error({ err: error }, 'games could not be listed for patches');
    }
  }
}

/** The same bytes, from an earlier run, are as good. */
async function unlessStored(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'blob_exists') throw error;
  }
}
