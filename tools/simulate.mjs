// `npm run simulate`: the engine of the product on a simulated network. See docs/simulation.md.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { prepare, say } from './prepare.mjs';
import { plotCrowds } from './simulation/crowd-plot.mjs';
import { describe } from './simulation/description.mjs';
import { CROWD_SIZES, run } from './simulation/run.mjs';
import { DEFAULTS, readSettings } from './simulation/settings.mjs';

const usage = `usage: npm run simulate -- [--launchers N] [--seed S] [--faults LIST] [--json]

  --launchers N    who installs the build, all at once (${DEFAULTS.launchers})
  --seed S         everything that happens follows from it (${DEFAULTS.seed})
  --seeds COUNT    one run for each seed from S on (1)
  --faults LIST    "all", or some of mixed-lines, nat, limits, small-memory, old-peers, churn, crash, free-riders, poison,
                   false-claims, silence, outage
  --pieces N       pieces of the build (${DEFAULTS.pieces})
  --piece-size B   bytes of each (${DEFAULTS['piece-size']})
  --uplink RATE    bytes a second of each launcher's line upwards (${DEFAULTS.uplink})
  --downlink RATE  and downwards (${DEFAULTS.downlink})
  --origin RATE    bytes a second of the origin's line (${DEFAULTS.origin})
  --origin-responses N  that it sends at a time, others come back later (not bound)
  --json           print reports as JSON, one a line
  --plot FILE      run crowds of ${CROWD_SIZES.join(', ')} and write a plot of the copies that the origin sent (SVG)

example: npm run simulate -- --launchers 1000 --seed 7 --faults nat,crash,poison`;

try {
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, { type: 'string' }])),
      json: { type: 'boolean', default: false },
      plot: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) process.stdout.write(`${usage}\n`);
  else {
    const { json, plot, ...texts } = values;
    const bare = readSettings(texts);
    await prepare();
    const { readFaults } = await import('./simulation/faults.mjs');
    const settings = { ...bare, faults: readFaults(texts.faults ?? DEFAULTS.faults) };
    const print = (outcome) => process.stdout.write(`${json ? JSON.stringify(outcome) : describe(outcome)}\n`);
    const outcomes = await run(plot === undefined ? settings : { ...settings, launchers: CROWD_SIZES }, print);
    if (outcomes.some((outcome) => outcome.broken)) process.exitCode = 1;
    else if (plot !== undefined) await writeFile(plot, plotCrowds(outcomes, settings));
  }
} catch (error) {
  const isUsage = String(error.code).startsWith('ERR_PARSE_ARGS');
  say(isUsage ? `${error.message}\n${usage}` : error.message);
  process.exitCode = isUsage ? 2 : 1;
}
