/** Where a program writes and reads; a test gives its own. */
export interface Terminal {
  readonly stderrIsTerminal: boolean;
  readonly columns: number;
  stdout(text: string): void;
  stderr(text: string): void;
  environment(name: string): string | undefined;
  nowMs(): number;
  /** Calls back every `intervalMs` until the returned function is called. */
  every(intervalMs: number, callback: () => void): () => void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    stderrIsTerminal: process.stderr.isTTY === true && process.env['CI'] === undefined,
    get columns() {
      return process.stderr.columns ?? 80;
    },
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    environment: (name) => process.env[name],
    nowMs: () => performance.now(),
    every: (intervalMs, callback) => {
      const timer = setInterval(callback, intervalMs);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}
