import { OriginError } from '../origin-error.ts';
import { databaseProviderOf } from './database.ts';

/** Advisory lock that Prisma's own migrate takes: two origins that start together migrate one after the other. */
const MIGRATION_LOCK_ID = 72_707_369;
const SQLITE_BUSY_TIMEOUT_MS = 10_000;

/** One transaction that no other migration runs beside, for scripts of several statements, which prepared ones cannot be. */
export interface ScriptRunner {
  script(sql: string): Promise<void>;
  rows(sql: string): Promise<Record<string, unknown>[]>;
  commit(): Promise<void>;
  /** Undoes what was not committed. */
  close(): Promise<void>;
}

export function openScriptRunner(url: string): Promise<ScriptRunner> {
  return databaseProviderOf(url) === 'sqlite' ? openSqlite(url.slice('file:'.length)) : openPostgresql(url);
}

async function openPostgresql(url: string): Promise<ScriptRunner> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const script = async (sql: string): Promise<void> => {
    await client.query(sql);
  };
  await script('BEGIN');
  await script(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK_ID})`);
  return {
    script,
    rows: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
    commit: () => script('COMMIT'),
    close: () => client.end(),
  };
}

async function openSqlite(path: string): Promise<ScriptRunner> {
  const { default: Sqlite } = await import('better-sqlite3');
  const database = new Sqlite(path, { timeout: SQLITE_BUSY_TIMEOUT_MS });
  // Readers and the writer do not block each other; the mode is kept in the file.
  database.pragma('journal_mode = WAL');
  // A table that is redefined is dropped in between, and would take the rows that refer to it along.
  database.pragma('foreign_keys = OFF');
  database.exec('BEGIN IMMEDIATE');
  return {
    script: async (sql) => {
      database.exec(sql);
    },
    rows: async (sql) => database.prepare(sql).all(),
    commit: async () => {
      const broken = database.pragma('foreign_key_check');
      if (Array.isArray(broken) && broken.length > 0) {
        throw new OriginError(
          'migration_unfinished',
          `migrate database: ${broken.length} rows would refer to rows that are gone; nothing was changed`,
        );
      }
      database.exec('COMMIT');
    },
    close: async () => {
      database.close();
    },
  };
}
