/** A player for specs: a directory for a game, and the origin that it comes from. */
import { spawnSync } from 'node:child_process';
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

  /** @param first What the origin publishes as 1.0.0, and what `restore` puts back. */
  static async openInstalled(first: Build): Promise<Player> {
    const player = await Player.open(first);
    await player.install([], { dir: player.#pristine });
    return player;
  }

  /** The game as it was when it was first installed, and counts of what the origin sent that begin again. */
  async restore(): Promise<void> {
    await rm(this.game, { recursive: true, force: true });
    // As Node puts no nanoseconds back, every file of a copy of its own would have to be read again.
    spawnSync('cp', ['-a', this.#pristine, this.game]);
    this.origin.streamedBytes = 0;
    this.origin.patchBytes = 0;
  }

  get #pristine(): string {
    return join(this.scratch, 'pristine');
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
