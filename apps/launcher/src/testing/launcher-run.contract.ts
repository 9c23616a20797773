import { executeProgram, type Terminal } from '@swarmpatch/terminal';
import { launcherCommands } from '../commands/index.ts';

/** What a command line left behind. */
export interface LauncherRun {
  exitCode: number;
  document: Record<string, unknown>;
  errors: string;
}

export interface LauncherRunOptions {
  signal?: AbortSignal;
  onOut?: (text: string) => void;
  onError?: (text: string) => void;
  alone?: false;
  /** It prints a line for each event: they go to `onOut` alone. */
  staysOn?: true;
}

/** A launcher in this process: each run is one command line with `--json`. */
export async function runLauncher(argv: readonly string[], options: LauncherRunOptions = {}): Promise<LauncherRun> {
  let out = '';
  let errors = '';
  const terminal: Terminal = {
    stderrIsTerminal: false,
    columns: 80,
    stdout: (text) => {
      out += text;
      options.onOut?.(text);
    },
    stderr: (text) => {
      errors += text;
      options.onError?.(text);
    },
    // A spec looks for nobody outside this machine, unless it says so.
    environment: (name) =>
      /^SWARMPATCH_NO_(DHT|LAN|PORT_MAPPING)$/.test(name) && options.alone !== false ? '1' : undefined,
    nowMs: () => performance.now(),
    every: () => () => undefined,
  };
  const program = { name: 'swarmpatch-launcher', summary: 'in a spec', version: '0.0.0', commands: launcherCommands };
  const exitCode = await executeProgram(
    program,
    [...argv, '--json'],
    terminal,
    options.signal ?? new AbortController().signal,
  );
  const text = out === '' || options.staysOn === true ? '{}' : out;
  return { exitCode, document: JSON.parse(text) as Record<string, unknown>, errors };
}
