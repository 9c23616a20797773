import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMANDS } from './commands.mjs';
import { launch } from './launcher-run.mjs';

/**
 * Runs each of the commands once, undisturbed, to learn its steps.
 *
 * @returns {Promise<Record<string, { points: { thread: string, step: string, count: number }[], milliseconds: number }>>} By the
 *   command's name: every kind of change that it makes and how often, by name, and how long it takes.
 */
export async function rehearse(scene, names) {
  const found = {};
  for (const name of names) {
    const { from, argv } = COMMANDS[name];
    const directory = await scene.copy(from, join(scene.directory, 'rehearsal', name));
    const record = `${directory}.steps`;
    const { exitCode, complaints, milliseconds } = await launch(argv(scene, directory), {
      plan: { root: directory, record },
    });
    if (exitCode !== 0) throw new Error(`rehearse ${name}: exit code ${exitCode}: ${complaints}`);
    found[name] = { points: pointsOf(await readFile(record, 'utf8')), milliseconds };
  }
  return found;
}

function pointsOf(record) {
  const counts = new Map();
  for (const line of record.trimEnd().split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([line, count]) => {
      const [thread, step] = line.split('\t');
      return { thread, step, count };
    });
}
