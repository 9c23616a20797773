import { setTimeout as sleep } from 'node:timers/promises';
import { PieceSet, type Staging } from '@swarmpatch/install';
import type { Transfer } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';
import { describeKeptPlayable, type OpenInstall } from '../install/open-install.ts';
import { LauncherError } from '../launcher-error.ts';
import type { Release } from '../origin/release-source.ts';
import { showTransfers } from '../transfer-progress.ts';
import { addBytes, bytesOf, NO_BYTES, type TransferBytes } from '../transfers/command-transfers.ts';
import { inPhase } from './phases.ts';
import { PlayableFiles } from './playable-files.ts';
import { shareRelease, type SharingSources } from './release-sharing.ts';
import { resumeOfStaging } from './staging-resume.ts';

/** Staged bytes that are wrong on disk again and again are the disk's doing. */
export const FETCH_ATTEMPTS_MAX = 3;

/** The swarm of a release while an install moves to it: pieces are fetched into the staging, and all that is there is served. */
export class MoveSwarm {
  peersMax = 0;
  /** When the files that come first were whole. */
  playableSeconds: number | undefined;
  readonly #install: OpenInstall;
  readonly #release: Release;
  readonly #sharing: SharingSources;
  readonly #context: CommandContext;
  readonly #playable: PlayableFiles;
  /** Of earlier attempts. */
  #before: TransferBytes = NO_BYTES;
  #staging: Staging | undefined;
  #hasRewrites = false;
  #transfer: Transfer | undefined;
  #announcing: Promise<void> | undefined;
  #placing: Promise<void> = Promise.resolve();
  #endPlacing: () => void = () => undefined;

  constructor(install: OpenInstall, sharing: SharingSources, release: Release, context: CommandContext) {
    this.#install = install;
    this.#sharing = sharing;
    this.#release = release;
    this.#context = context;
    this.#playable = new PlayableFiles(install.files, release.manifest, sharing.transfers.settings.firstFiles);
  }

  get bytes(): TransferBytes {
    return this.#transfer === undefined ? this.#before : addBytes(this.#before, bytesOf(this.#transfer));
  }

  /** Fetches what the staging lacks until all of it is as signed. @throws {TransferError}, {LauncherError} `disk_unreliable` */
  async fetch(staging: Staging): Promise<void> {
    this.#staging = staging;
    await this.#playable.clear();
    const { signal } = this.#context;
    for (let attempt = 0; attempt < FETCH_ATTEMPTS_MAX; attempt += 1) {
      if (staging.wanted.size > 0) await this.#fetchOnce(staging);
      const wrong = await inPhase(this.#context, 'verify', (onProgress) =>
        staging.check(this.#install.hasher, { signal, onProgress }),
      );
      if (wrong.length === 0) {
        await this.#announcePlayable(staging);
        return;
      }
      await this.stop();
      this.#context.warn(`${wrong.length} staged pieces are not as they were written; they are fetched again`);
    }
    throw new LauncherError(
      'disk_unreliable',
      `stage ${this.#release.manifest.version}: found pieces changed after they were written, ${FETCH_ATTEMPTS_MAX} times; check the disk`,
    );
  }

  /** Staged files are about to be moved to their places: nobody reads them until `settle`. */
  beginPlacing(): void {
    this.#placing = new Promise((resolve) => {
      this.#endPlacing = resolve;
    });
  }

  /** The release is in place now: what is served is read from there. */
  async settle(): Promise<void> {
    this.#hasRewrites = this.#staging?.hasRewrites === true;
    this.#staging = undefined;
    this.#endPlacing();
    this.#sharing.transfers.announceDone();
    const kept = await this.#playable.clear();
    if (kept !== undefined) this.#context.warn(describeKeptPlayable(kept));
  }

  /** Serves the installed release for as long as the player said. */
  async seed(): Promise<void> {
    const { seedForMs } = this.#sharing.transfers.settings;
    if (seedForMs !== undefined && seedForMs > 0) await this.#seedFor(seedForMs);
    await this.#sharing.transfers.readersDone();
  }

  async stop(): Promise<void> {
    this.#before = this.bytes;
    const transfer = this.#transfer;
    this.#transfer = undefined;
    await transfer?.stop();
    this.#endPlacing();
    await this.#announcing;
  }

  async #seedFor(seedForMs: number): Promise<void> {
    // What was not staged because it was in its place can be served from now on.
    if (this.#hasRewrites) await this.stop();
    const { pieceCount } = this.#release.pieces;
    if (this.#transfer === undefined) {
      const have = new PieceSet(pieceCount);
      have.addRange(0, pieceCount);
      this.#transfer = await this.#share(have, new PieceSet(pieceCount));
    }
    // The update is done: ending the seeding early is no failure.
    await sleep(seedForMs, undefined, { signal: this.#context.signal }).catch(() => undefined);
  }

  async #fetchOnce(staging: Staging): Promise<void> {
    const resume = resumeOfStaging(this.#install.files, this.#release);
    await resume.begin();
    const transfer = await this.#share(staging.have, staging.wanted);
    this.#transfer = transfer;
    resume.keep(() => transfer.have);
    const first = this.#playable.stagedIn(staging.inventory);
    if (first.length > 0) {
      transfer.fetchFirst(first);
      // When the transfer fails, that is told by whoever waits for all of it.
      void transfer.whenHere(first).then(
        () => this.#announcePlayable(staging),
        () => undefined,
      );
    }
    const timer = setInterval(() => {
      this.peersMax = Math.max(this.peersMax, transfer.stats.peers);
    }, 100);
    try {
      await showTransfers(() => [transfer], transfer.done, this.#context);
      await resume.stop();
    } catch (error) {
      await transfer.stop();
      await resume.close(transfer.have);
      throw error;
    } finally {
      clearInterval(timer);
      this.peersMax = Math.max(this.peersMax, transfer.stats.peers);
    }
    staging.markFetched();
  }

  /** Once, when the first files are whole: they are linked to where the game can be started from. */
  #announcePlayable(staging: Staging): Promise<void> {
    if (this.#playable.paths.length === 0) return Promise.resolve();
    this.#announcing ??= this.#publishPlayable(staging);
    return this.#announcing;
  }

  async #publishPlayable(staging: Staging): Promise<void> {
    const { transfers } = this.#sharing;
    const { paths } = this.#playable;
    this.playableSeconds = transfers.seconds;
    const directory = await this.#playable.publish(staging).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#context.warn(`the files of --play-first are whole, but could not be linked: ${why}`);
      return undefined;
    });
    if (directory === undefined) return;
    const { game, version } = this.#release.manifest;
    transfers.announcePlayable({ name: `${game} ${version}`, seconds: this.playableSeconds, directory, files: paths });
  }

  #share(have: PieceSet, wanted: PieceSet): Promise<Transfer> {
    const { files } = this.#install;
    const locate = (fileIndex: number): string =>
      files.absolute(this.#staging?.locate(fileIndex) ?? this.#release.manifest.files[fileIndex]?.path ?? '');
    const whenReadable = async (): Promise<void> => this.#placing;
    return shareRelease(this.#release, { have, wanted, locate, whenReadable }, this.#sharing, this.#context);
  }
}
