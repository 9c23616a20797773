/** A player for specs: a directory for a game, and the origin that it comes from. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandInput } from '@swarmpatch/terminal';
import { type Build, readBuild, summarizeBuild } from '@swarmpatch/testkit';
import { update } from '../commands/update.ts';
import { type LauncherRun, type LauncherRunOptions, runLauncher } from './launcher-run.contract.ts';
import { SmallOrigin } from './small-origin.contract.ts';

export class Player {
  /** Holds all that there is of this player. */
  readonly scratch: string;
  /** Where the game goes. */
  readonly game: string;
  readonly origin: SmallOrigin;

  private constructor(scratch: string, origin: SmallOrigin) {
    this.scratch = scratch;
    this.game = join(scratch, 'game');
    this.origin = origin;
  }

  /** @param first What the origin publishes as 1.0.0. */
  static async open(first: Build): Promise<Player> {
    const scratch = await mkdtemp(join(tmpdir(), 'swarmpatch-player-'));
    const player = new Player(scratch, await SmallOrigin.start(join(scratch, 'builds')));
    await player.origin.publish(first, '1.0.0');
    return player;
  }

  async close(): Promise<void> {
    await this.origin.close();
    await rm(this.scratch, { recursive: true, force: true });
  }

  /** Runs a command on the game. */
  run(command: string, ...more: readonly string[]): Promise<LauncherRun> {
    return runLauncher([command, '--dir', this.game, ...more]);
  }

  /** @param options `dir` is another place than the player's own. */
  install(
    more: readonly string[] = [],
    { dir = this.game, ...options }: LauncherRunOptions & { dir?: string } = {},
  ): Promise<LauncherRun> {
    const { url, fingerprint } = this.origin;
    const argv = ['--origin', url, '--root-fingerprint', fingerprint, '--dir', dir];
    return runLauncher(['install', 'starfall', ...argv, ...more], options);
  }

  /** Runs an update that is stopped as soon as a phase of it begins. @throws the signal's reason */
  async updateUntil(phase: string, version: string): Promise<unknown> {
    const stop = new AbortController();
    const showPhase = (name: string) => {
      if (name === phase) stop.abort();
      return { update: () => undefined, end: () => undefined };
    };
    const texts = new Map(['no-dht', 'no-lan', 'no-port-mapping'].map((name) => [name, ['true']]));
    texts.set('dir', [this.game]).set('version', [version]);
    return update.run(new CommandInput(update, [], texts), {
      ...{ json: true, progress: { phase: showPhase }, signal: stop.signal },
      ...{ warn: () => undefined, emit: () => undefined, nowMs: () => performance.now() },
    });
  }

  pathOf(path: string): string {
    return join(this.game, path);
  }

  /** Every file of a directory but the launcher's own, one line each. */
  async treeOf(directory = this.game): Promise<Record<string, string>> {
    return summarizeBuild(await readBuild(directory, { skip: ['.swarmpatch'] }));
  }
}
