import { InstallError, readState, STATE_PATH, TRUST_DIRECTORY, type InstallState } from '@swarmpatch/install';
import { originPaths } from '@swarmpatch/api-contract';
import { requestBytes } from '@swarmpatch/node-io/api-client';
import { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import type { CommandContext } from '@swarmpatch/terminal';
import { metadataBytesMax } from '@swarmpatch/trust';
import { openSession, refreshTrust } from '../commands/open-session.ts';
import { withInstall } from '../install/open-install.ts';
import type { ReleaseSource } from '../origin/release-source.ts';
import type { Standing } from './watch-engine.ts';

/** Of the file that says whether anything is new: two kilobytes. */
const TIMESTAMP_TIMEOUT_MS = 15_000;
const TIMESTAMP_NAME = 'timestamp.json';

/** What was learnt last, and the timestamp that it was learnt under. */
interface Known {
  readonly pinned: string;
  readonly timestamp: Uint8Array;
  readonly source: ReleaseSource;
  readonly wanted: string;
}

/**
 * What the channel of an install means to it, by its signed metadata alone. The install is locked only to write down metadata that
 * is new: as long as the origin shows the same timestamp, all that it pins is the same.
 */
export class SignedNews {
  readonly #directory: string;
  readonly #files: DiskFileSystem;
  readonly #context: CommandContext;
  #known: Known | undefined;
  /** Which writing of the state the last look was at. */
  #stateSeen: string | undefined;

  constructor(directory: string, context: CommandContext) {
    this.#directory = directory;
    this.#files = new DiskFileSystem(directory);
    this.#context = context;
  }

  /** @throws {ApiError}, {TrustError}, {LauncherError}, {InstallError} `not_installed`, `install_locked`, `state_corrupt` */
  async look(): Promise<Standing> {
    this.#stateSeen = await this.#describeState();
    const state = await readState(this.#files);
    if (state === undefined) {
      throw new InstallError('not_installed', `look at ${this.#directory}: found no install any more; waiting for one`);
    }
    const timestamp = await this.#askTimestamp(state);
    const known = this.#known;
    const isSame =
      known !== undefined &&
      known.pinned === pinnedOf(state) &&
      Buffer.compare(known.timestamp, timestamp) === 0 &&
      !known.source.isStale(Date.now()) &&
      !state.refreshFailed;
    return isSame ? standingOf(state, known.wanted) : this.#learn();
  }

  /** Whether the state was written since the last look, by whomever. */
  async isTouched(): Promise<boolean> {
    return this.#stateSeen !== undefined && this.#stateSeen !== (await this.#describeState());
  }

  /** Forgets what was learnt: the next look asks for everything. */
  forget(): void {
    this.#known = undefined;
  }

  /** A drive that is away for a while is no news. */
  async #describeState(): Promise<string> {
    const stat = await this.#files.stat(STATE_PATH).catch(() => undefined);
    return `${stat?.mtimeMs} ${stat?.lengthBytes}`;
  }

  async #learn(): Promise<Standing> {
    return withInstall(this.#directory, 'watch', this.#context, async (install) => {
      const session = await openSession(install, this.#context);
      await refreshTrust(session, install, this.#context);
      const { state } = install;
      const wanted = await session.source.versionOf(state.channel, state.installId);
      const timestamp = await install.files.read(`${TRUST_DIRECTORY}/${TIMESTAMP_NAME}`);
      this.#known = { pinned: pinnedOf(state), timestamp, source: session.source, wanted };
      return standingOf(state, wanted);
    });
  }

  async #askTimestamp(state: InstallState): Promise<Uint8Array> {
    const url = state.origin + originPaths.trustFile(state.game, TIMESTAMP_NAME);
    const { signal } = this.#context;
    try {
      return await requestBytes(url, { bytesMax: metadataBytesMax.timestamp, timeoutMs: TIMESTAMP_TIMEOUT_MS, signal });
    } catch (error) {
      if (!signal.aborted && state.installed !== undefined && !state.refreshFailed) await this.#rememberFailure();
      throw error;
    }
  }

  /** For `status`. Whoever works on the install now will find out by himself. */
  async #rememberFailure(): Promise<void> {
    const remember = withInstall(this.#directory, 'watch', this.#context, (install) =>
      install.remember({ refreshFailed: true }),
    );
    await remember.catch(() => undefined);
  }
}

function pinnedOf({ game, origin, channel, installId, rootFingerprint }: InstallState): string {
  return JSON.stringify([game, origin, channel, installId, rootFingerprint]);
}

function standingOf({ installed, suspect }: InstallState, wanted: string): Standing {
  return { installed: installed?.version, suspect, wanted };
}
