// `npm test`: installs and builds what is missing, then runs every test; further arguments go to vitest.
import { prepare, run, say } from './prepare.mjs';

try {
  await prepare();
  await run('vitest', ['run', ...process.argv.slice(2)]);
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
