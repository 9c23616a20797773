import { type Build, writeBuild } from '@swarmpatch/testkit';
import type { Origin } from './origin.ts';
import type { CommandRun, JsonDocument, Scene } from './scene.ts';

/** A game that is registered at an origin, with its keys and a token that may publish it. */
export class Studio {
  readonly game: string;
  readonly keys: string;
  readonly token: string;
  readonly fingerprint: string;
  readonly origin: Origin;
  readonly #scene: Scene;

  private constructor(scene: Scene, origin: Origin, game: Pick<Studio, 'game' | 'keys' | 'token' | 'fingerprint'>) {
    this.#scene = scene;
    this.origin = origin;
    this.game = game.game;
    this.keys = game.keys;
    this.token = game.token;
    this.fingerprint = game.fingerprint;
  }

  static async open(scene: Scene, origin: Origin, game: string): Promise<Studio> {
    const keys = scene.path(`keys-${game}`);
    const [token] = await Promise.all([
      origin.createToken(`publish:${game}`),
      scene.succeed('swarmpatch', 'keys', 'init', '--keys', keys),
    ]);
    const access = ['--origin', origin.http, '--token', token, '--keys', keys];
    const made = await scene.succeed('swarmpatch', 'game', 'create', game, '--title', `The game ${game}`, ...access);
    return new Studio(scene, origin, { game, keys, token, fingerprint: String(made['rootFingerprint']) });
  }

  /** Writes the build into a directory of its own. @returns That directory. */
  async lay(build: Build, version: string): Promise<string> {
    const directory = this.#scene.path(`build-${this.game}-${version}`);
    await writeBuild(build, directory);
    return directory;
  }

  async publish(build: Build, version: string, ...options: readonly string[]): Promise<JsonDocument> {
    const directory = await this.lay(build, version);
    return this.#scene.succeed('swarmpatch', ...this.publishing(directory, version, ...options));
  }

  /** The command line that publishes a directory; options given here override those before them. */
  publishing(path: string, version: string, ...options: readonly string[]): readonly string[] {
    const access = { origin: this.origin.http, token: this.token, keys: this.keys };
    const given = Object.entries(access).filter(([name]) => !options.includes(`--${name}`));
    const argv = given.flatMap(([name, value]) => [`--${name}`, value]);
    return ['publish', path, '--game', this.game, '--version', version, ...argv, ...options];
  }

  /** The command line that installs the game. */
  installing(directory: string, ...options: readonly string[]): readonly string[] {
    const root = options.includes('--root-fingerprint') ? [] : ['--root-fingerprint', this.fingerprint];
    const origin = options.includes('--origin') ? [] : ['--origin', this.origin.http];
    return ['install', this.game, ...origin, ...root, '--dir', directory, ...options];
  }

  async install(directory: string, ...options: readonly string[]): Promise<Moved> {
    const argv = this.installing(directory, ...options);
    return (await this.#scene.succeed('swarmpatch-launcher', ...argv)) as unknown as Moved;
  }
}

/** What `install`, `update` and `repair` print. */
export interface Moved {
  game: string;
  from: string | null;
  to: string;
  changed: boolean;
  plan: string;
  bytes: { fromPeers: number; fromWebSeeds: number; reused: number; written: number };
}

/** The code that a command failed with. */
export function codeOf({ document }: Pick<CommandRun, 'document'>): unknown {
  return (document['error'] as { code?: unknown } | undefined)?.code;
}
