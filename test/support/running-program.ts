import { type ChildProcess, spawn } from 'node:child_process';

export interface Ended {
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

const NOTHING_AFTER_MS = 30_000;

/** A child process, what it printed so far, and how it ended. */
export class RunningProgram {
  readonly ended: Promise<Ended>;
  output = '';
  complaints = '';
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #watchers = new Set<() => void>();

  constructor(command: string, argv: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.#name = [command, ...argv].join(' ');
    const child = spawn(command, argv, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#take({ output: text }));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#take({ complaints: text }));
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode, signal) => {
        resolve({ exitCode, signal });
        this.#take({});
      });
    });
    this.ended.catch(() => undefined);
  }

  /** Of the process, while it runs. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits for what `find` makes of the output so far. @throws when the program ends first, or after half a minute. */
  async until<T>(find: (program: this) => T | undefined): Promise<T> {
    let watch = (): void => undefined;
    const found = new Promise<T>((resolve, reject) => {
      watch = () => {
        const value = find(this);
        if (value !== undefined) resolve(value);
        else if (!this.isRunning) reject(new Error(`${this.#name}: ended early: ${this.complaints}${this.output}`));
      };
    });
    const timer = setTimeout(() => this.kill('SIGKILL'), NOTHING_AFTER_MS);
    this.#watchers.add(watch);
    watch();
    try {
      return await found;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(watch);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.kill(signal);
    return this.ended;
  }

  #take({ output = '', complaints = '' }: { output?: string; complaints?: string }): void {
    this.output += output;
    this.complaints += complaints;
    for (const watch of this.#watchers) watch();
  }
}
