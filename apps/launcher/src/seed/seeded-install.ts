import { resolve } from 'node:path';

import {
  InstallError,
  PieceSet,
  prunePatches,
  pruneUndo,
  readState,
  STATE_PATH,
  type Verification,
} from '@swarmpatch/install';
import { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import type { Transfer } from '@swarmpatch/node-io/transfer';
import type { CommandContext } from '@swarmpatch/terminal';

import { openSession } from '../commands/open-session.ts';
import { verifyRelease } from '../commands/verify.ts';
import { withInstall } from '../install/open-install.ts';
import { shareRelease } from '../move/release-sharing.ts';
import { AllowedTrackers } from '../origin/allowed-trackers.ts';
import { HostPolicy } from '../origin/host-policy.ts';
import { Origin } from '../origin/origin.ts';
import type { Release } from '../origin/release-source.ts';
import { ServedPatches } from '../patches/served-patches.ts';
import type { CommandTransfers } from '../transfers/command-transfers.ts';
import { ServedFiles } from './served-files.ts';

/** What is kept goes by days, also of an install that nobody updates. */
export const SERVE_ANEW_MS: number = 24 * 60 * 60 * 1000;

/** What is served of an install. */
export interface Seeding {
  readonly directory: string;
  readonly game: string;
  /** To tell people. */
  readonly title: string;
  readonly version: string;
  /** That are whole, and of how many. */
  readonly pieces: number;
  readonly pieceCount: number;
  /** Kept patches that are served beside it. */
  readonly patches: number;
}

/**
 * An install that is served from its files. It is locked only while its files are looked at: other commands may change it at
 * any time, what has changed is not served any more, and the release that comes of it is served next.
 */
export class SeededInstall {
  readonly #directory: string;
  readonly #files: DiskFileSystem;
  readonly #transfers: CommandTransfers;
  readonly #context: CommandContext;
  #transfer: Transfer | undefined;
  #patches: ServedPatches | undefined;
  #served: ServedFiles | undefined;
  #trackers: AllowedTrackers | undefined;
  /** Which writing of the state was served. */
  #stateSeen: string | undefined;
  #serveAnewMs = Number.POSITIVE_INFINITY;
  #seeding: Seeding;

  private constructor(directory: string, transfers: CommandTransfers, context: CommandContext) {
    this.#directory = directory;
    this.#files = new DiskFileSystem(resolve(directory));
    this.#transfers = transfers;
    this.#context = context;
    this.#seeding = { directory, game: '', title: '', version: '', pieces: 0, pieceCount: 0, patches: 0 };
  }

  /** @throws {InstallError} `not_installed`, `install_locked`, `state_corrupt`; {TransferError} `torrent_added` */
  static async open(directory: string, transfers: CommandTransfers, context: CommandContext): Promise<SeededInstall> {
    const install = SeededInstall.unserved(directory, transfers, context);
    await install.#serve();
    return install;
  }

  /** Serves nothing until it is told to `follow`. */
  static unserved(directory: string, transfers: CommandTransfers, context: CommandContext): SeededInstall {
    return new SeededInstall(directory, transfers, context);
  }

  get seeding(): Seeding {
    return this.#seeding;
  }

  get address(): Transfer['address'] {
    return this.#transfer?.address;
  }

  /** Whether the origin could not be asked who tracks the release: few will find it. */
  get lacksTrackers(): boolean {
    return this.#transfer !== undefined && this.#trackers?.areKnown === false;
  }

  /** Serves nothing until `follow` finds the install again. */
  async stop(): Promise<void> {
    this.#stateSeen = undefined;
    this.#serveAnewMs = Number.POSITIVE_INFINITY;
    this.#served = undefined;
    await Promise.all([this.#transfer?.stop(), this.#patches?.stop()]);
    this.#transfer = undefined;
    this.#patches = undefined;
  }

  /** As `stop`, but the release stays: somebody is about to fetch patches and may want one of those. */
  async stopPatches(): Promise<void> {
    this.#stateSeen = undefined;
    this.#served = undefined;
    await this.#patches?.stop();
    this.#patches = undefined;
  }

  /**
   * Serves the release that is installed now, when that is another one, or when its files were mended. Every command that
   * changes files of the release writes the state anew: until then nothing else is looked at, but once a day.
   *
   * @returns whether something else is served from now on.
   */
  async follow(): Promise<boolean> {
    const stateNow = await this.#describeState();
    const isOld = this.#context.nowMs() >= this.#serveAnewMs;
    if (stateNow === this.#stateSeen && !isOld) return false;
    const state = await readState(this.#files).catch(() => undefined);
    const version = state?.installed?.version;
    if (version === undefined) return false;
    if (!isOld && version === this.#seeding.version && (await this.#served?.haveChanged()) === false) {
      this.#stateSeen = stateNow;
      return false;
    }
    try {
      await this.#serve();
    } catch (error) {
      // Somebody is at work on it: its turn comes.
      if (error instanceof InstallError && error.code === 'install_locked') return false;
      throw error;
    }
    return true;
  }

  async #serve(): Promise<void> {
    const trackers = await this.#askTrackers();
    await withInstall(this.#directory, 'seed', this.#context, async (install) => {
      const stateNow = await this.#describeState();
      const { origin, source } = await openSession(install, this.#context);
      const release = await source.installed(install.installed);
      const { manifest, pieces } = release;
      const found = await verifyRelease(install, { manifest, pieces: () => pieces }, 'quick', this.#context);
      const have = wholePieces(release, found);
      const served = await ServedFiles.open(install.files, release.manifest);
      await prunePatches(install.files, Date.now());
      await pruneUndo(install.files, Date.now());
      await Promise.all([this.#transfer?.stop(), this.#patches?.stop()]);
      const sharing = { origin, transfers: this.#transfers, trackers };
      const policy = new HostPolicy(origin.url, release.manifest.webSeeds);
      this.#patches = await ServedPatches.open(install.files, policy, sharing, this.#context);
      this.#transfer = await shareRelease(
        release,
        { have, wanted: new PieceSet(have.pieceCount), locate: (fileIndex) => served.pathOf(fileIndex) },
        sharing,
        this.#context,
      );
      this.#served = served;
      this.#stateSeen = stateNow;
      this.#serveAnewMs = this.#context.nowMs() + SERVE_ANEW_MS;
      const { game, name: title, version } = release.manifest;
      const counts = { pieces: have.size, pieceCount: have.pieceCount, patches: this.#patches.count };
      this.#seeding = { directory: this.#directory, game, title, version, ...counts };
    });
  }

  /** Before the install is locked: an origin that cannot be reached keeps nobody else waiting. */
  async #askTrackers(): Promise<AllowedTrackers> {
    const state = await readState(this.#files);
    if (state === undefined) throw notServed(this.#directory);
    this.#trackers = new AllowedTrackers(new Origin(state.origin, this.#context.signal), this.#context);
    await this.#trackers.ask();
    return this.#trackers;
  }

  /** Another one whenever the state was written. */
  async #describeState(): Promise<string> {
    const stat = await this.#files.stat(STATE_PATH);
    return `${stat?.mtimeMs} ${stat?.lengthBytes}`;
  }
}

function notServed(directory: string): InstallError {
  return new InstallError('not_installed', `serve ${directory}: found no install, wanted one; run install first`);
}

/** Every piece but those that the verification found wrong. */
function wholePieces({ manifest, pieces }: Release, found: Verification): PieceSet {
  const have = new PieceSet(pieces.pieceCount);
  have.addRange(0, pieces.pieceCount);
  const wrong = new Map<string, readonly number[] | 'all'>();
  for (const { path, pieces: damaged } of found.damaged) wrong.set(path, damaged);
  for (const path of found.missing) wrong.set(path, 'all');
  for (const [fileIndex, file] of manifest.files.entries()) {
    const first = pieces.firstPieceOf(fileIndex);
    const lost = wrong.get(file.path) ?? [];
    const count = pieces.pieceCountOf(fileIndex);
    const numbers = lost === 'all' ? Array.from({ length: count }, (_, piece) => piece) : lost;
    for (const piece of numbers) have.delete(first + piece);
  }
  return have;
}
