/** Applies the SQL of prisma/migrations and keeps the table that Prisma's own tools keep, so that either can go on after the other. */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { OriginError } from '../origin-error.ts';
import { type DatabaseProvider, databaseProviderOf } from './database.ts';
import { openScriptRunner, type ScriptRunner } from './script-runner.ts';

const MIGRATIONS_URL = new URL('../../../../prisma/migrations/', import.meta.url);

const createTable: Readonly<Record<DatabaseProvider, string>> = {
  sqlite: `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME, "migration_name" TEXT NOT NULL,
    "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)`,
  postgresql: `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ,
    "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
    "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`,
};

const now: Readonly<Record<DatabaseProvider, string>> = {
  sqlite: `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
  postgresql: 'now()',
};

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/**
 * Brings the database to the newest schema; in one transaction.
 *
 * @param directory Holds `PROVIDER/NAME/migration.sql`.
 * @returns Names of the migrations that were applied now.
 * @throws {OriginError} `migration_changed`, `migration_unfinished`, `migration_unknown`
 */
export async function migrate(url: string, directory: URL = MIGRATIONS_URL): Promise<string[]> {
  const provider = databaseProviderOf(url);
  const migrations = await readMigrations(new URL(`${provider}/`, directory));
  const runner = await openScriptRunner(url);
  try {
    await runner.script(createTable[provider]);
    const pending = await findPending(runner, migrations);
    for (const migration of pending) await runner.script(statementsOf(migration, provider));
    await runner.commit();
    return pending.map(({ name }) => name);
  } finally {
    await runner.close();
  }
}

async function readMigrations(directory: URL): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, directory), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function findPending(runner: ScriptRunner, migrations: readonly Migration[]): Promise<Migration[]> {
  const rows = await runner.rows(
    'SELECT "migration_name" AS "name", "checksum", "finished_at" AS "finished" FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL',
  );
  const applied = new Map(rows.map((row) => [String(row['name']), row]));
  for (const name of applied.keys()) {
    if (migrations.some((migration) => migration.name === name)) continue;
    throw new OriginError(
      'migration_unknown',
      `migrate database: found migration ${name}, which this version does not know; start the newer version that made it`,
    );
  }
  return migrations.filter(({ name, checksum }) => {
    const row = applied.get(name);
    if (row === undefined) return true;
    if (row['finished'] === null) {
      throw new OriginError(
        'migration_unfinished',
        `migrate database: migration ${name} was begun and did not finish; restore the database from a backup`,
      );
    }
    if (row['checksum'] !== checksum) {
      throw new OriginError(
        'migration_changed',
        `migrate database: ${name} differs from what was applied; restore its migration.sql`,
      );
    }
    return false;
  });
}

function statementsOf({ name, sql, checksum }: Migration, provider: DatabaseProvider): string {
  return `${sql}
;INSERT INTO "_prisma_migrations" ("id", "checksum", "migration_name", "started_at", "finished_at", "applied_steps_count")
VALUES ('${randomUUID()}', '${checksum}', '${name}', ${now[provider]}, ${now[provider]}, 1);`;
}
