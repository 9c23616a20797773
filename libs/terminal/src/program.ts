import { Command, CommanderError, Option } from 'commander';
import { CommandInput } from './command-input.ts';
import type { CommandContext, CommandOutcome, CommandSpec, LazyCommands } from './command-spec.ts';
import { failureOf } from './failure.ts';
import type { OptionSpec } from './option-spec.ts';
import { silentProgress, terminalProgress } from './progress.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** A program: its name and its commands. */
export interface ProgramSpec {
  readonly name: string;
  readonly summary: string;
  readonly version: string;
  /** One whole command line for the root's help; unless given, that of the first command. */
  readonly example?: string;
  readonly commands: readonly (CommandSpec | LazyCommands)[];
}

const EXIT_DONE = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

/** Runs this process's command line to its end and sets the exit code; the second Ctrl-C ends at once. */
export async function runProgram(program: ProgramSpec): Promise<void> {
  const interrupt = new AbortController();
  const stop = (): void => {
    if (interrupt.signal.aborted) process.exit(EXIT_INTERRUPTED);
    interrupt.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // A reader that went away (`| head`) is no failure of the command.
  process.stdout.on('error', () => undefined);
  process.exitCode = await executeProgram(program, process.argv.slice(2), processTerminal(), interrupt.signal);
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
}

/** Runs one command line against a terminal. @returns The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
export async function executeProgram(
  program: ProgramSpec,
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const wantsJson = argv.includes('--json') || isOn(terminal.environment('SWARMPATCH_JSON'));
  const wantsTrace = argv.includes('--debug') || isOn(terminal.environment('SWARMPATCH_DEBUG'));
  let exitCode = EXIT_DONE;
  const word = argv.find((argument) => !argument.startsWith('-'));
  const tree = buildTree(program, await loadCommands(program, word), terminal, async (spec, input, switches) => {
    const progress = switches.quiet ? undefined : terminalProgress(terminal);
    const context: CommandContext = {
      json: wantsJson,
      progress: progress ?? silentProgress,
      signal,
      warn: (text) => {
        if (!switches.quiet) terminal.stderr(`${terminal.stderrIsTerminal ? '\r\u001b[2K' : ''}${text}\n`);
      },
      emit: (document, text) => terminal.stdout(wantsJson ? `${JSON.stringify(document)}\n` : `${text}\n`),
      nowMs: () => terminal.nowMs(),
    };
    try {
      const outcome = await spec.run(input, context);
      progress?.close();
      if (outcome !== undefined) context.emit(outcome.document, outcome.text);
      exitCode = exitCodeOf(outcome);
    } finally {
      progress?.close();
    }
  });
  try {
    await tree.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, { wantsJson, wantsTrace, interrupted: signal.aborted }, terminal);
  }
}

function exitCodeOf(outcome: CommandOutcome | undefined): number {
  return outcome?.exitCode ?? EXIT_DONE;
}

function report(
  error: unknown,
  how: { readonly wantsJson: boolean; readonly wantsTrace: boolean; readonly interrupted: boolean },
  terminal: Terminal,
): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT_DONE;
  const isUsage = error instanceof CommanderError || error instanceof UsageError;
  const failure = how.interrupted
    ? { code: 'interrupted', message: 'stopped on request; run the same command again to go on' }
    : error instanceof CommanderError
      ? { code: 'usage', message: usageMessage(error) }
      : failureOf(error);
  if (how.wantsJson) terminal.stdout(`${JSON.stringify({ error: failure })}\n`);
  terminal.stderr(`error[${failure.code}]: ${failure.message}\n`);
  if (how.wantsTrace && error instanceof Error) terminal.stderr(`${describeTrace(error)}\n`);
  if (how.interrupted) return EXIT_INTERRUPTED;
  return isUsage ? EXIT_USAGE : EXIT_FAILED;
}

function usageMessage(error: CommanderError): string {
  if (error.code === 'commander.help') return 'no command was named; --help lists them';
  return `read the command line: ${error.message.replace(/^error: /, '')}; see --help`;
}

function describeTrace(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${describeTrace(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

type Run = (spec: CommandSpec, input: CommandInput, switches: { readonly quiet: boolean }) => Promise<void>;

/** The commands that the typed word can mean, and those that need no loading. */
async function loadCommands(program: ProgramSpec, word: string | undefined): Promise<CommandSpec[]> {
  const loaded = await Promise.all(
    program.commands.map(async (entry) => {
      if (!('load' in entry)) return [entry];
      return entry.word === word ? entry.load() : [];
    }),
  );
  return loaded.flat();
}

function buildTree(program: ProgramSpec, commands: readonly CommandSpec[], terminal: Terminal, run: Run): Command {
  const root = frame(new Command(program.name), program.summary, terminal, program.example ?? exampleOf(commands))
    .version(program.version, '--version')
    // Behind a command's name, `--version` is an option of that command.
    .enablePositionalOptions();
  for (const entry of program.commands) {
    // Named in the root's help alone: this run does not call it.
    if ('load' in entry && !commands.some((spec) => spec.path[0] === entry.word)) {
      frame(root.command(entry.word), entry.summary, terminal);
    }
  }
  for (const spec of commands) {
    let parent = root;
    for (const word of spec.path.slice(0, -1)) {
      const known = parent.commands.find((command) => command.name() === word);
      parent =
        known ??
        frame(parent.command(word), groupSummary(program, commands, word), terminal, exampleOf(commands, word));
    }
    const command = frame(parent.command(spec.path.at(-1) ?? ''), spec.summary, terminal, spec.example);
    for (const { name, description, repeatable } of spec.arguments ?? [])
      command.argument(repeatable === true ? `<${name}...>` : `<${name}>`, description);
    for (const option of spec.options ?? []) command.addOption(commanderOption(option));
    command
      .option('--json', 'print one JSON document on stdout')
      .option('--quiet', 'print no progress and no remarks')
      .option('--debug', 'print a stack trace when the command fails')
      .action(async () => {
        const texts = optionTexts(command, spec.options ?? [], terminal);
        const quiet = command.getOptionValue('quiet') === true || isOn(terminal.environment('SWARMPATCH_QUIET'));
        await run(spec, new CommandInput(spec, command.args, texts), { quiet });
      });
  }
  return root;
}

function groupSummary(program: ProgramSpec, commands: readonly CommandSpec[], word: string): string {
  const lazy = program.commands.find((entry) => 'load' in entry && entry.word === word);
  if (lazy !== undefined) return lazy.summary;
  const members = commands.filter((spec) => spec.path[0] === word).map((spec) => spec.path.slice(1).join(' '));
  return `${word}: ${members.join(', ')}`;
}

function exampleOf(commands: readonly CommandSpec[], group?: string): string | undefined {
  return commands.find((spec) => group === undefined || spec.path[0] === group)?.example;
}

function frame(command: Command, summary: string, terminal: Terminal, example?: string): Command {
  if (example !== undefined) command.addHelpText('after', `\nExample:\n  ${example}`);
  return command
    .description(summary)
    .helpOption('--help', 'show this help')
    .helpCommand(false)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => terminal.stdout(text),
      // Usage mistakes are reported once, by `report`; commander's own line would be the second.
      writeErr: () => undefined,
    });
}

function environmentName(option: OptionSpec): string {
  return `SWARMPATCH_${option.name.toUpperCase().replaceAll('-', '_')}`;
}

function commanderOption(option: OptionSpec): Option {
  const notes = [
    option.choices === undefined ? undefined : `one of ${option.choices.join(', ')}`,
    option.required === true ? 'required' : undefined,
    option.repeatable === true ? 'repeatable' : undefined,
    option.default === undefined ? undefined : `default ${option.default}`,
  ].filter((note) => note !== undefined);
  const description = notes.length === 0 ? option.description : `${option.description} (${notes.join('; ')})`;
  if (option.kind === 'switch') return named(new Option(`--${option.name}`, description), option);
  const made = new Option(`--${option.name} <${option.value ?? option.kind}>`, description);
  return named(
    made.argParser<string[]>((text, before) => (option.repeatable === true ? [...(before ?? []), text] : [text])),
    option,
  );
}

/** Commander reads `--no-x` as "x is off"; here it is a switch of its own name. */
function named(made: Option, option: OptionSpec): Option {
  made.negate = false;
  made.attributeName = () => option.name;
  return made;
}

function optionTexts(command: Command, options: readonly OptionSpec[], terminal: Terminal): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const option of options) {
    const given: unknown = command.getOptionValue(option.name);
    const fromEnvironment = terminal.environment(environmentName(option));
    if (given === true) texts.set(option.name, ['true']);
    else if (Array.isArray(given)) texts.set(option.name, given.map(String));
    else if (fromEnvironment !== undefined && fromEnvironment !== '') {
      if (option.kind === 'switch') {
        if (isOn(fromEnvironment)) texts.set(option.name, ['true']);
      } else {
        texts.set(option.name, option.repeatable === true ? fromEnvironment.split(/\s+/) : [fromEnvironment]);
      }
    }
  }
  return texts;
}

function isOn(text: string | undefined): boolean {
  return text !== undefined && !['', '0', 'false', 'no'].includes(text.toLowerCase());
}
