import { readState } from '@swarmpatch/install';
import { ApiError } from '@swarmpatch/node-io/api-client';
import { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import { type CommandContext, formatDuration } from '@swarmpatch/terminal';
import { openSession } from '../commands/open-session.ts';
import { withInstall } from '../install/open-install.ts';
import type { MoveWay } from '../move/move-install.ts';
import { surveyInstall } from '../move/survey.ts';
import { Origin } from '../origin/origin.ts';
import { type PatchProspect, PatchWait, prospectOf } from './patch-wait.ts';

/** Asks an origin for the patch that an update may wait for. The install is locked once at most, to see what the patch would save. */
export class AwaitedPatch {
  readonly #directory: string;
  readonly #rates: MoveWay['rates'];
  #wait: PatchWait | undefined;
  #reasons: readonly string[] = [];

  /** @param rates What is expected of the line. */
  constructor(directory: string, rates: MoveWay['rates']) {
    this.#directory = directory;
    this.#rates = rates;
  }

  /** Why a release that may be fetched is not, in words. */
  get reasons(): readonly string[] {
    return this.#reasons;
  }

  /** @returns when to ask again, in milliseconds; 0 when the update is to begin. @throws {InstallError} `install_locked` */
  async next(from: string, to: string, context: CommandContext): Promise<number> {
    this.#reasons = [];
    const known = this.#wait;
    const isKnown = known?.from === from && known.to === to;
    const wait = isKnown ? known : new PatchWait(from, to, performance.now(), Math.random);
    this.#wait = wait;
    if (wait.isOver(performance.now())) return 0;
    const prospect = await this.#ask(wait, context);
    if (prospect !== 'none' && !wait.isBounded) await this.#bound(wait, context);
    const waitMs = wait.next(prospect, performance.now());
    if (waitMs > 0 && prospect === 'coming') {
      const most = formatDuration(wait.boundMs / 1000);
      this.#reasons = [`the origin makes a patch from ${from}; for ${most} at most`];
    }
    return waitMs;
  }

  /** What cannot be asked for is not waited for, unless the origin is away while it makes the patch: it may be restarting. */
  async #ask({ from, to, isBounded }: PatchWait, { signal }: CommandContext): Promise<PatchProspect> {
    const state = await readState(new DiskFileSystem(this.#directory));
    if (state === undefined) return 'none';
    try {
      return prospectOf(await new Origin(state.origin, signal).patchesTo(state.game, to), from);
    } catch (error) {
      signal.throwIfAborted();
      const isAway = error instanceof ApiError && error.status === undefined;
      return isBounded && isAway ? 'coming' : 'none';
    }
  }

  async #bound(wait: PatchWait, context: CommandContext): Promise<void> {
    await withInstall(this.#directory, 'watch', context, async (install) => {
      const { source } = await openSession(install, context);
      const release = await source.release(wait.to);
      const { plan } = await surveyInstall(
        { install, source, depth: install.depth, rates: this.#rates },
        release,
        context,
      );
      wait.bound(plan, performance.now());
    });
  }
}
