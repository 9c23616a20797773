import { setTimeout as sleep } from 'node:timers/promises';
import { PieceSet, type Staging } from '@swarmpatch/install';
import type { CommandContext } from '@swarmpatch/terminal';
import type { OpenInstall } from '../install/open-install.ts';
import { LauncherError } from '../launcher-error.ts';
import type { Release } from '../origin/release-source.ts';
import { showTransfer } from '../transfer-progress.ts';
import { inPhase } from './phases.ts';
import { shareRelease, type SharedRelease, type SharingSources } from './release-sharing.ts';

/** Staged bytes that are wrong on disk again and again are the disk's doing. */
export const FETCH_ATTEMPTS_MAX = 3;

/** The swarm of a release while an install moves to it: pieces are fetched into the staging, and all that is there is served. */
export class MoveSwarm {
  fromPeersBytes = 0;
  fromWebSeedsBytes = 0;
  peersMax = 0;
  readonly #install: OpenInstall;
  readonly #release: Release;
  readonly #sharing: SharingSources;
  readonly #context: CommandContext;
  #staging: Staging | undefined;
  #shared: SharedRelease | undefined;

  constructor(move: { install: OpenInstall; sharing: SharingSources }, release: Release, context: CommandContext) {
    this.#install = move.install;
    this.#sharing = move.sharing;
    this.#release = release;
    this.#context = context;
  }

  /** Fetches what the staging lacks until all of it is as signed. @throws {TransferError}, {LauncherError} `disk_unreliable` */
  async fetch(staging: Staging): Promise<void> {
    this.#staging = staging;
    const { signal } = this.#context;
    for (let attempt = 0; attempt < FETCH_ATTEMPTS_MAX; attempt += 1) {
      if (staging.wanted.size > 0) await this.#fetchOnce(staging);
      const wrong = await inPhase(this.#context, 'verify', (onProgress) =>
        staging.check(this.#install.hasher, { signal, onProgress }),
      );
      if (wrong.length === 0) return;
      await this.stop();
      this.#context.warn(`${wrong.length} staged pieces are not as they were written; they are fetched again`);
    }
    throw new LauncherError(
      'disk_unreliable',
      `stage ${this.#release.manifest.version}: found pieces changed after they were written, ${FETCH_ATTEMPTS_MAX} times; check the disk`,
    );
  }

  /** The release is in place now: what is served is read from there. */
  settle(): void {
    this.#staging = undefined;
  }

  /** Serves the installed release for as long as the player said. */
  async seed(): Promise<void> {
    const { seedForMs } = this.#sharing.settings;
    if (seedForMs === undefined || seedForMs === 0) return;
    const { pieceCount } = this.#release.pieces;
    if (this.#shared === undefined) {
      const have = new PieceSet(pieceCount);
      have.addRange(0, pieceCount);
      this.#shared = await this.#share(have, new PieceSet(pieceCount));
    }
    // The update is done: ending the seeding early is no failure.
    await sleep(seedForMs, undefined, { signal: this.#context.signal }).catch(() => undefined);
  }

  async stop(): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    await shared?.stop();
  }

  async #fetchOnce(staging: Staging): Promise<void> {
    this.#shared = await this.#share(staging.have, staging.wanted);
    const { transfer } = this.#shared;
    const before = { peers: this.fromPeersBytes, webSeeds: this.fromWebSeedsBytes };
    const count = (): void => {
      const { fromPeersBytes, fromWebSeedsBytes, peers } = transfer.stats;
      this.fromPeersBytes = before.peers + fromPeersBytes;
      this.fromWebSeedsBytes = before.webSeeds + fromWebSeedsBytes;
      this.peersMax = Math.max(this.peersMax, peers);
    };
    const timer = setInterval(count, 100);
    try {
      await showTransfer(transfer, this.#context);
    } finally {
      clearInterval(timer);
      count();
    }
    staging.markFetched();
  }

  #share(have: PieceSet, wanted: PieceSet): Promise<SharedRelease> {
    const { files } = this.#install;
    const locate = (fileIndex: number): string =>
      files.absolute(this.#staging?.locate(fileIndex) ?? this.#release.manifest.files[fileIndex]?.path ?? '');
    return shareRelease(this.#release, { have, wanted, locate }, this.#sharing, this.#context);
  }
}
