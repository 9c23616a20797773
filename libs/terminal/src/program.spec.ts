import { describe, expect, it } from 'vitest';
import type { CommandSpec, LazyCommands } from './command-spec.ts';
import { SECONDS_MAX } from './option-value.ts';
import { executeProgram } from './program.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

class ScriptedTerminal implements Terminal {
  readonly stderrIsTerminal = false;
  readonly columns = 80;
  readonly #variables: Readonly<Record<string, string>>;
  out = '';
  err = '';
  #nowMs = 0;
  #tick: () => void = () => undefined;

  constructor(variables: Readonly<Record<string, string>> = {}) {
    this.#variables = variables;
  }

  stdout(text: string): void {
    this.out += text;
  }

  stderr(text: string): void {
    this.err += text;
  }

  environment(name: string): string | undefined {
    return this.#variables[name];
  }

  nowMs(): number {
    return this.#nowMs;
  }

  every(_intervalMs: number, callback: () => void): () => void {
    this.#tick = callback;
    return () => {
      this.#tick = () => undefined;
    };
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    this.#tick();
  }
}

function shortPath(text: string): void {
  if (text.length > 20) throw new RangeError('too long');
}

const copy = (run: CommandSpec['run']): CommandSpec => ({
  path: ['file', 'copy'],
  summary: 'Copies a file.',
  example: 'tool file copy a --out b',
  arguments: [{ name: 'path', description: 'what to copy', form: { wanted: 'a short path', read: shortPath } }],
  options: [
    { name: 'out', kind: 'text', value: 'file', description: 'where to', required: true },
    { name: 'version', kind: 'text', form: { wanted: 'digits, such as 7', read: BigInt }, description: 'which' },
    { name: 'origin', kind: 'url', description: 'where from' },
    { name: 'timeout', kind: 'seconds', description: 'how long' },
    { name: 'rollout', kind: 'percent', description: 'how many' },
    { name: 'patches', kind: 'count', description: 'how many of them' },
    { name: 'piece-length', kind: 'size', description: 'how large' },
    { name: 'max-download', kind: 'rate', description: 'a limit' },
    { name: 'peer', kind: 'endpoint', repeatable: true, description: 'a peer' },
    { name: 'no-peers', kind: 'switch', description: 'alone' },
    { name: 'format', kind: 'choice', choices: ['hybrid', 'v1'], default: 'hybrid', description: 'how' },
  ],
  run,
});

async function execute(
  argv: readonly string[],
  run: CommandSpec['run'],
  terminal = new ScriptedTerminal(),
  signal = new AbortController().signal,
): Promise<{ exitCode: number; terminal: ScriptedTerminal }> {
  const program = { name: 'tool', summary: 'A tool.', version: '1.2.3', commands: [copy(run)] };
  return { exitCode: await executeProgram(program, argv, terminal, signal), terminal };
}

const nothing: CommandSpec['run'] = () => Promise.resolve({ document: { ok: true }, text: 'copied' });

describe('executeProgram()', () => {
  it('prints the text for people, and just the document with --json', async () => {
    expect((await execute(['file', 'copy', 'a', '--out', 'b'], nothing)).terminal.out).toBe('copied\n');
    expect((await execute(['file', 'copy', 'a', '--out', 'b', '--json'], nothing)).terminal.out).toBe('{"ok":true}\n');
  });

  it('reads every kind of option', async () => {
    await execute(
      'file copy a --out b --max-download 2MiB --peer 10.0.0.1:1 --peer [::1]:2 --no-peers'.split(' '),
      (input) => {
        expect(input.argument('path')).toBe('a');
        expect(input.number('max-download')).toBe(2 * 1024 * 1024);
        expect(input.endpoints('peer')).toEqual([
          { host: '10.0.0.1', port: 1 },
          { host: '::1', port: 2 },
        ]);
        expect(input.flag('no-peers')).toBe(true);
        expect(input.text('format')).toBe('hybrid');
        return Promise.resolve({ document: {}, text: '' });
      },
    );
    expect.assertions(5);
  });

  it.each([
    [['file', 'copy', 'a', '--out', 'b', '--version', '12']],
    [['file', 'copy', '--version', '12', 'a', '--out', 'b']],
  ])('gives a command its own --version: %j', async (argv) => {
    const { terminal } = await execute(argv, (input) =>
      Promise.resolve({ document: {}, text: input.text('version') ?? '' }),
    );
    expect(terminal.out).toBe('12\n');
  });

  it('takes options from the environment, and prefers the command line', async () => {
    const terminal = new ScriptedTerminal({
      SWARMPATCH_OUT: 'there',
      SWARMPATCH_MAX_DOWNLOAD: '5KB',
      SWARMPATCH_NO_PEERS: '1',
      SWARMPATCH_JSON: '1',
    });
    const { exitCode } = await execute(
      ['file', 'copy', 'a', '--max-download', '1KB'],
      (input) =>
        Promise.resolve({
          document: { out: input.text('out'), rate: input.number('max-download'), alone: input.flag('no-peers') },
          text: '',
        }),
      terminal,
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(terminal.out)).toEqual({ out: 'there', rate: 1000, alone: true });
  });

  it.each([
    [['file', 'copy', 'a'], '--out'],
    [['file', 'copy', '--out', 'b'], 'path'],
    [['file', 'copy', 'a', '--out', 'b', '--unknown'], '--unknown'],
    [['file', 'copie'], 'copie'],
  ])('exits 2 and names the mistake: %j', async (argv, named) => {
    const { exitCode, terminal } = await execute([...argv, '--json'], nothing);
    expect(exitCode).toBe(2);
    const failure = JSON.parse(terminal.out) as { error: { code: string; message: string } };
    expect(failure.error.code).toBe('usage');
    expect(failure.error.message).toContain(named);
    expect(terminal.err).toMatch(/^error\[usage\]: /);
  });

  it.each([
    ['version', '1.0', 'digits, such as 7'],
    ['origin', 'play.example.org', 'http(s)://HOST[:PORT][/PATH]'],
    ['origin', 'ftp://play.example.org', 'http(s)://HOST[:PORT][/PATH]'],
    ['origin', 'http://me:secret@host', 'http(s)://HOST[:PORT][/PATH]'],
    ['origin', 'http://host/?a', 'http(s)://HOST[:PORT][/PATH]'],
    ['max-download', 'fast', 'bytes a second, such as 512KiB'],
    ['max-download', '0', 'for no limit leave it out'],
    ['max-download', '-1', 'bytes a second'],
    ['max-download', '1e3', 'bytes a second'],
    ['piece-length', '3 XB', 'bytes, such as 512KiB'],
    ['piece-length', '9007199254740993', 'bytes, such as 512KiB'],
    ['timeout', '5m', 'seconds, such as 30'],
    ['timeout', '-1', 'seconds, such as 30'],
    ['timeout', `${SECONDS_MAX + 1}`, `up to ${SECONDS_MAX}`],
    ['rollout', '101', 'from 0 to 100'],
    ['rollout', 'half', 'from 0 to 100'],
    ['patches', '1.5', 'a whole number'],
    ['peer', 'nohost', 'HOST:PORT'],
    ['peer', 'h:70000', 'HOST:PORT'],
    ['format', 'v3', 'one of hybrid, v1'],
    ['out', '', 'where to'],
  ])('exits 2 before the command begins, and says what --%s wants instead of %j', async (option, value, wanted) => {
    const begun: unknown[] = [];
    const run: CommandSpec['run'] = (...given) => {
      begun.push(given);
      return nothing(...given);
    };
    const { exitCode, terminal } = await execute(['file', 'copy', 'a', '--out', 'b', `--${option}`, value], run);
    expect({ exitCode, begun }).toEqual({ exitCode: 2, begun: [] });
    expect(terminal.err).toContain(`read --${option}: found '${value}', wanted `);
    expect(terminal.err).toContain(wanted);
  });

  it('refuses an argument that is empty or of another form, and shortens a long one', async () => {
    for (const [text, shown] of [
      ['', "found ''"],
      [`${'x'.repeat(250)}`, `found '${'x'.repeat(200)}…'`],
    ] as const) {
      const { exitCode, terminal } = await execute(['file', 'copy', text, '--out', 'b'], nothing);
      expect(exitCode).toBe(2);
      expect(terminal.err).toContain(`read path: ${shown}, wanted a short path`);
    }
  });

  it('gives a URL without slashes at its end', async () => {
    await execute('file copy a --out b --origin HTTPS://Host:443/g//'.split(' '), (input) => {
      expect(input.text('origin')).toBe('https://host/g');
      return Promise.resolve({ document: {}, text: '' });
    });
    expect.assertions(1);
  });

  it('treats usage mistakes found while running as usage mistakes', async () => {
    const { exitCode } = await execute(['file', 'copy', 'a', '--out', 'b'], () =>
      Promise.reject(new UsageError('copy a onto itself')),
    );
    expect(exitCode).toBe(2);
  });

  it('prints the code of a named error, translates system errors, and keeps stack traces for --debug', async () => {
    const fail =
      (code: string): CommandSpec['run'] =>
      () =>
        Promise.reject(Object.assign(new Error('copy a: it went wrong'), { code }));
    const named = await execute(['file', 'copy', 'a', '--out', 'b', '--json'], fail('wrong_root'));
    expect(named.exitCode).toBe(1);
    expect(JSON.parse(named.terminal.out)).toEqual({ error: { code: 'wrong_root', message: 'copy a: it went wrong' } });
    expect(named.terminal.err).toBe('error[wrong_root]: copy a: it went wrong\n');
    const system = await execute(['file', 'copy', 'a', '--out', 'b', '--debug'], fail('ENOSPC'));
    expect(system.terminal.err).toMatch(/^error\[disk_full\]: copy a: it went wrong\nError: copy a[^]*program\.spec/);
  });

  it('exits 130 when Ctrl-C ended the command', async () => {
    const interrupt = new AbortController();
    const { exitCode, terminal } = await execute(
      ['file', 'copy', 'a', '--out', 'b'],
      () => {
        interrupt.abort();
        return Promise.reject(new Error('aborted'));
      },
      new ScriptedTerminal(),
      interrupt.signal,
    );
    expect(exitCode).toBe(130);
    expect(terminal.err).toMatch(/^error\[interrupted\]: /);
  });

  it('shows help with an example on every level', async () => {
    for (const level of [[], ['file'], ['file', 'copy']]) {
      const { exitCode, terminal } = await execute([...level, '--help'], nothing);
      expect(exitCode).toBe(0);
      expect(terminal.out).toContain('Example:\n  tool file copy a --out b');
    }
    expect((await execute(['--version'], nothing)).terminal.out).toBe('1.2.3\n');
  });

  it('loads commands when their word is typed, and names the others in the help', async () => {
    const loaded: string[] = [];
    const lazy = (word: string): LazyCommands => ({
      word,
      summary: `what ${word} does`,
      load: () => {
        loaded.push(word);
        return Promise.resolve([{ ...copy(nothing), path: [word, 'copy'] }]);
      },
    });
    const program = { name: 'tool', summary: 'A tool.', version: '1.2.3', commands: [lazy('file'), lazy('disk')] };
    const run = async (...argv: string[]): Promise<string> => {
      const terminal = new ScriptedTerminal();
      await executeProgram(program, argv, terminal, new AbortController().signal);
      return terminal.out;
    };
    expect(await run('--help')).toMatch(/file +what file does\n +disk +what disk does/);
    expect(loaded).toEqual([]);
    expect(await run('disk', 'copy', 'a', '--out', 'b')).toBe('copied\n');
    expect(loaded).toEqual(['disk']);
  });

  it('writes progress as lines with rate and time left where stderr is no terminal, and none with --quiet', async () => {
    const run =
      (terminal: ScriptedTerminal): CommandSpec['run'] =>
      (_input, context) => {
        const phase = context.progress.phase('download', { totalBytes: 4096 });
        terminal.pass(1000);
        phase.update({ doneBytes: 1024, from: 'peers 1.0 KiB' });
        terminal.pass(1000);
        phase.end();
        return Promise.resolve({ document: {}, text: 'copied' });
      };
    const loud = new ScriptedTerminal();
    await execute(['file', 'copy', 'a', '--out', 'b'], run(loud), loud);
    expect(loud.err).toContain('download  25%  1.0 KiB of 4.0 KiB  512 B/s  6.0s left  peers 1.0 KiB\n');
    expect(loud.err).toContain('download  stopped  1.0 KiB  in 2.0s  peers 1.0 KiB\n');
    const quiet = new ScriptedTerminal();
    await execute(['file', 'copy', 'a', '--out', 'b', '--quiet'], run(quiet), quiet);
    expect(quiet.err).toBe('');
  });
});
