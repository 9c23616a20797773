// Composes prisma/models into one schema per provider and generates the client of each, only when something changed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROVIDERS = ['sqlite', 'postgresql'];

const root = fileURLToPath(new URL('../../../', import.meta.url));
const modelsDirectory = join(root, 'prisma/models');
const schemasDirectory = join(root, 'prisma/generated');
const clientsDirectory = join(root, 'apps/origin/src/generated');
const stampFile = join(clientsDirectory, 'stamp');
const require = createRequire(import.meta.url);
const prismaPackage = require.resolve('prisma/package.json');

const head = (provider) => `datasource db {
  provider = "${provider}"
}

generator client {
  provider            = "prisma-client"
  output              = "../../../apps/origin/src/generated/${provider}"
  runtime             = "nodejs"
  moduleFormat        = "esm"
  importFileExtension = "ts"
}
`;

const names = (await readdir(modelsDirectory)).filter((name) => name.endsWith('.prisma')).sort();
const models = await Promise.all(names.map((name) => readFile(join(modelsDirectory, name), 'utf8')));
const hash = createHash('sha256');
for (const part of [await readFile(new URL(import.meta.url)), await readFile(prismaPackage), ...names, ...models]) {
  hash.update(part);
}
const stamp = hash.digest('hex');

if ((await readFile(stampFile, 'utf8').catch(() => '')) !== stamp) {
  await rm(schemasDirectory, { recursive: true, force: true });
  await rm(clientsDirectory, { recursive: true, force: true });
  await Promise.all(PROVIDERS.map(generate));
  await writeFile(stampFile, stamp);
}

async function generate(provider) {
  const schema = join(schemasDirectory, provider);
  await mkdir(schema, { recursive: true });
  await writeFile(join(schema, 'datasource.prisma'), head(provider));
  await Promise.all(names.map((name, index) => writeFile(join(schema, name), models[index])));
  await promisify(execFile)(
    process.execPath,
    [join(prismaPackage, '../build/index.js'), 'generate', '--schema', schema],
    // Generating needs no schema engine; naming any executable keeps Prisma from downloading one.
    { cwd: root, env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' } },
  );
}
