import { createProjectGraphAsync } from '@nx/devkit';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const BOUNDARY = '@nx/enforce-module-boundaries';
const typeFree = tseslint.configs.disableTypeChecked;

/** Each breaks one line of the table in docs/ARCHITECTURE.md, and nothing else. */
const violations: readonly [claim: string, file: string, code: string, rule: string][] = [
  ['base imports format', 'libs/bencode/src/x.ts', "import { parseTorrent } from '@swarmpatch/metainfo';", BOUNDARY],
  ['format imports engine', 'libs/metainfo/src/x.ts', "import { Tracker } from '@swarmpatch/tracker';", BOUNDARY],
  ['engine imports io', 'libs/swarm/src/x.ts', "import { HashPool } from '@swarmpatch/node-io/hashing';", BOUNDARY],
  ['engine imports terminal', 'libs/install/src/x.ts', "import { formatBytes } from '@swarmpatch/terminal';", BOUNDARY],
  [
    'io imports test',
    'libs/node-io/src/x/x.ts',
    "import { seededRandom } from '@swarmpatch/testkit';",
    'no-restricted-imports',
  ],
  ['test imports app', 'libs/testkit/src/x.ts', "import { x } from '@swarmpatch/origin';", BOUNDARY],
  ['app imports app', 'apps/publisher/src/x.ts', "import { x } from '@swarmpatch/launcher';", BOUNDARY],
  ['app imports test', 'apps/launcher/src/x.ts', "import { seededRandom } from '@swarmpatch/testkit';", BOUNDARY],
  [
    'lib reaches into a lib',
    'apps/launcher/src/x.ts',
    "import { x } from '../../../libs/swarm/src/picker.ts';",
    BOUNDARY,
  ],
  [
    'engine opens a socket',
    'libs/tracker/src/x.ts',
    "import { createServer } from 'node:net';",
    'no-restricted-imports',
  ],
  [
    'engine opens a file',
    'libs/install/src/x.ts',
    "import { readFile } from 'node:fs/promises';",
    'no-restricted-imports',
  ],
  [
    'engine starts a thread',
    'libs/swarm/src/x.ts',
    "import { Worker } from 'node:worker_threads';",
    'no-restricted-imports',
  ],
  [
    'engine sleeps on a promise',
    'libs/swarm/src/x.ts',
    "import { setTimeout } from 'node:timers/promises';",
    'no-restricted-imports',
  ],
  [
    'engine draws random bytes',
    'libs/trust/src/x.ts',
    "import { randomBytes } from 'node:crypto';",
    'no-restricted-imports',
  ],
  ['engine reads the clock', 'libs/tracker/src/x.ts', 'export const now = Date.now();', 'no-restricted-properties'],
  ['engine reads the date', 'libs/tracker/src/x.ts', 'export const now = new Date();', 'no-restricted-syntax'],
  [
    'engine draws a random number',
    'libs/swarm/src/x.ts',
    'export const x = Math.random();',
    'no-restricted-properties',
  ],
  ['engine sets a timer', 'libs/swarm/src/x.ts', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ['engine fetches', 'libs/swarm/src/x.ts', "void fetch('http://localhost/');", 'no-restricted-globals'],
  ['engine reads the process', 'libs/swarm/src/x.ts', 'export const x = process.pid;', 'no-restricted-globals'],
  ['engine loads while it runs', 'libs/swarm/src/x.ts', "void import('node:net');", 'no-restricted-syntax'],
  [
    'Nest outside the origin',
    'apps/launcher/src/x.ts',
    "import { Module } from '@nestjs/common';",
    'no-restricted-imports',
  ],
  [
    'Prisma outside the origin',
    'libs/storage/src/x.ts',
    "import { x } from '@prisma/client';",
    'no-restricted-imports',
  ],
  [
    'a Prisma row outside its repository',
    'apps/origin/src/games/games.service.ts',
    "import type { Game } from '../generated/sqlite/client.ts';",
    'no-restricted-imports',
  ],
  ['default export', 'libs/swarm/src/x.ts', 'export default 1;', 'no-restricted-exports'],
  ['console', 'apps/launcher/src/x.ts', "console.log('x');", 'no-console'],
];

const permitted: readonly [claim: string, file: string, code: string][] = [
  ['base imports base', 'libs/merkle/src/x.ts', 'export const x = 1;'],
  [
    'engine imports format',
    'libs/swarm/src/x.ts',
    "import { parseTorrent } from '@swarmpatch/metainfo';\nparseTorrent;",
  ],
  ['engine hashes', 'libs/merkle/src/x.ts', "import { createHash } from 'node:crypto';\ncreateHash;"],
  ['io imports engine', 'libs/node-io/src/x/x.ts', "import { Tracker } from '@swarmpatch/tracker';\nTracker;"],
  ['app imports io', 'apps/launcher/src/x.ts', "import { runProgram } from '@swarmpatch/terminal';\nrunProgram;"],
  [
    'a repository reads a Prisma row',
    'apps/origin/src/games/games.repository.ts',
    "import type { Game } from '../generated/sqlite/client.ts';",
  ],
];

describe('lint', () => {
  let eslint: ESLint;

  beforeAll(async () => {
    // Without a project graph the boundary rule passes everything.
    process.env['NX_DAEMON'] = 'false';
    await createProjectGraphAsync();
    eslint = new ESLint({
      // The fixtures are no files, so the rules that need types cannot run on them.
      overrideConfig: [{ files: ['**/*.ts'], ...typeFree }],
    });
  }, 60_000);

  it.each(violations)('refuses: %s', async (_claim, filePath, code, rule) => {
    expect(await rulesBroken(eslint, filePath, code)).toContain(rule);
  });

  it.each(permitted)('permits: %s', async (_claim, filePath, code) => {
    const broken = await rulesBroken(eslint, filePath, code);
    expect(broken.filter((rule) => rule === BOUNDARY || rule.startsWith('no-restricted'))).toEqual([]);
  });
});

async function rulesBroken(eslint: ESLint, filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}
