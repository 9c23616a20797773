import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ended, RunningProgram } from './running-program.ts';

export type Command = 'swarmpatch' | 'swarmpatch-origin' | 'swarmpatch-launcher';
export type JsonDocument = Record<string, unknown>;

/** A command line that came to its end. */
export interface CommandRun extends Ended {
  document: JsonDocument;
  complaints: string;
}

const BIN = fileURLToPath(new URL('../../node_modules/.bin/', import.meta.url));

/** A directory and the processes that play in it; closing it ends and removes them all. */
export class Scene {
  readonly directory: string;
  readonly #programs: RunningProgram[] = [];
  readonly #endAll = (): void => {
    for (const program of this.#programs) program.kill('SIGKILL');
  };

  private constructor(directory: string) {
    this.directory = directory;
    process.once('exit', this.#endAll);
  }

  static async open(): Promise<Scene> {
    return new Scene(await mkdtemp(join(tmpdir(), 'swarmpatch-e2e-')));
  }

  async close(): Promise<void> {
    process.off('exit', this.#endAll);
    this.#endAll();
    await Promise.allSettled(this.#programs.map((program) => program.ended));
    await rm(this.directory, { recursive: true, force: true });
  }

  path(...segments: readonly string[]): string {
    return join(this.directory, ...segments);
  }

  /** Starts any program of this machine. */
  start(program: string, argv: readonly string[]): RunningProgram {
    const running = new RunningProgram(program, argv, { cwd: this.directory, env: environment() });
    this.#programs.push(running);
    return running;
  }

  /** Starts one of the built commands with --json. */
  startCommand(command: Command, ...argv: readonly string[]): RunningProgram {
    return this.start(process.execPath, commandLine(command, ...argv));
  }

  /** Starts a command that stays on. @returns The line that it prints when it is ready. */
  async serve(command: Command, ...argv: readonly string[]): Promise<{ program: RunningProgram; ready: JsonDocument }> {
    const program = this.startCommand(command, ...argv);
    const line = await program.until(({ output }) => (output.includes('\n') ? output.split('\n', 1)[0] : undefined));
    return { program, ready: parseDocument(line) };
  }

  /** Runs a command to its end, however it ends. */
  run(command: Command, ...argv: readonly string[]): Promise<CommandRun> {
    return finish(this.startCommand(command, ...argv));
  }

  /** Runs a command that has to succeed. */
  async succeed(command: Command, ...argv: readonly string[]): Promise<JsonDocument> {
    const { exitCode, document, complaints } = await this.run(command, ...argv);
    if (exitCode === 0) return document;
    throw new Error(`${command} ${argv.join(' ')}: exit code ${exitCode}: ${complaints}`);
  }
}

/** What Node has to be told to run a built command. */
export function commandLine(command: Command, ...argv: readonly string[]): readonly string[] {
  return [join(BIN, command), ...argv, '--json'];
}

/** What a command says once it has ended: exactly one JSON document on stdout. */
export async function finish(program: RunningProgram): Promise<CommandRun> {
  const ended = await program.ended;
  const document = program.output === '' ? {} : parseDocument(program.output);
  return { ...ended, document, complaints: program.complaints };
}

function parseDocument(text: string): JsonDocument {
  try {
    return JSON.parse(text) as JsonDocument;
  } catch (error) {
    throw new Error(`stdout is not one JSON document: ${text}`, { cause: error });
  }
}

/** Without what the test runner and the caller's shell would tell the commands. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^(SWARMPATCH_|VITEST|NODE_)/.test(name));
  // What runs here looks for nobody outside this machine.
  const alone = { SWARMPATCH_NO_DHT: '1', SWARMPATCH_NO_LAN: '1', SWARMPATCH_NO_PORT_MAPPING: '1' };
  return { ...Object.fromEntries(entries), ...alone, NO_COLOR: '1' };
}
