import { SCENARIOS } from './faults.mjs';

const OUTCOMES = ['back', 'forward', 'finished', 'mended', 'skipped', 'broken'];

/** What went wrong in a round, and how to see it again. */
export function describeRound({ number, scenario, command, what, broken }, seed) {
  return `round ${number} (${scenario}; ${command}; ${what}): ${broken}\n  again: npm run crash -- --seed ${seed} --round ${number}`;
}

/** Rounds by scenario and outcome, and what was broken. */
export function describeRounds({ results, directory, rehearsed, seed, seconds }) {
  const rows = [...new Set(SCENARIOS)].map((scenario) => {
    const of = results.filter((result) => result.scenario === scenario);
    const counts = OUTCOMES.map((outcome) => of.filter((result) => outcomeOf(result) === outcome).length);
    return [scenario, of.length, ...counts];
  });
  const broken = results.filter((result) => result.broken !== undefined);
  const steps = Object.values(rehearsed).reduce((sum, { points }) => sum + points.length, 0);
  const killed = new Set(
    results.filter(isStepKill).map(({ command, what }) => `${command} ${what.replace(/ \(.*/, '')}`),
  );
  return [
    table([['', 'rounds', ...OUTCOMES], ...rows]),
    `seed ${seed}, ${Math.round(seconds)} s; ${killed.size} kinds of kill at ${steps} named steps of ${Object.keys(rehearsed).length} commands`,
    broken.length === 0
      ? `${results.length} rounds, each install whole`
      : `${broken.length} of ${results.length} rounds broken: ${broken.map(({ number }) => number).join(', ')}; their installs are in ${directory}/rounds`,
  ].join('\n');
}

function outcomeOf({ broken, outcome }) {
  return broken === undefined ? outcome : 'broken';
}

function isStepKill({ scenario }) {
  return scenario === 'kill at a step';
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : String(cell).padStart(widths[column] + 2)))
        .join(''),
    )
    .join('\n');
}
