// `npm start`: installs and builds what is missing, then ships a real game build from end to end.
import { parseArgs } from 'node:util';
import { prepare, say } from './prepare.mjs';

const usage = `usage: npm start -- [--once] [--old DIR --new DIR] [--json FILE]

  --once       exit when the job is done, instead of staying up until Ctrl-C
  --old DIR    publish this build first, instead of one from the npm registry
  --new DIR    publish this build second
  --json FILE  write the summary to this file`;

try {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      old: { type: 'string' },
      new: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
  } else if ((values.old === undefined) !== (values.new === undefined)) {
    throw Object.assign(new Error('--old and --new go together'), { code: 'ERR_PARSE_ARGS' });
  } else {
    await prepare();
    const { demonstrate } = await import('./demo/demonstrate.mjs');
    await demonstrate(values);
  }
} catch (error) {
  const isUsage = String(error.code).startsWith('ERR_PARSE_ARGS');
  say(isUsage ? `${error.message}\n${usage}` : error.message);
  process.exitCode = isUsage ? 2 : 1;
}
