import type { RunningProgram } from './running-program.ts';
import type { Scene } from './scene.ts';

/** A running origin. It comes back at the same addresses. */
export class Origin {
  readonly http: string;
  readonly udp: string;
  readonly data: string;
  readonly #scene: Scene;
  readonly #options: readonly string[];
  #program: RunningProgram;

  private constructor(scene: Scene, data: string, options: readonly string[], started: Started) {
    this.#scene = scene;
    this.data = data;
    this.#options = options;
    this.#program = started.program;
    this.http = started.http;
    this.udp = started.udp;
  }

  static async start(scene: Scene, ...options: readonly string[]): Promise<Origin> {
    const data = scene.path('origin');
    return new Origin(
      scene,
      data,
      options,
      await launch(scene, data, { http: '127.0.0.1:0', udp: '127.0.0.1:0' }, options),
    );
  }

  async kill(): Promise<void> {
    await this.#program.stop('SIGKILL');
  }

  async restart(): Promise<void> {
    const addresses = { http: new URL(this.http).host, udp: new URL(this.udp).host };
    this.#program = (await launch(this.#scene, this.data, addresses, this.#options)).program;
  }

  async createToken(scope: string): Promise<string> {
    const made = await this.#scene.succeed(
      'swarmpatch-origin',
      'token',
      'create',
      '--data',
      this.data,
      '--scope',
      scope,
    );
    return String(made['token']);
  }
}

interface Started {
  program: RunningProgram;
  http: string;
  udp: string;
}

async function launch(
  scene: Scene,
  data: string,
  { http, udp }: { http: string; udp: string },
  options: readonly string[],
): Promise<Started> {
  const argv = ['start', '--data', data, '--http', http, '--udp', udp, ...options];
  const { program, ready } = await scene.serve('swarmpatch-origin', ...argv);
  return { program, http: String(ready['http']), udp: String(ready['udp']) };
}
