import type { PrismaClient } from '../generated/sqlite/client.ts';
import { OriginError } from '../origin-error.ts';

/** The clients of both providers are generated from the same models; the SQLite one stands for both. */
export type DatabaseClient = PrismaClient;
/** What a repository method needs: the client, or the transaction that it shall take part in. */
export type DatabaseSession = Omit<DatabaseClient, '$connect' | '$disconnect' | '$on' | '$transaction' | '$extends'>;
export type DatabaseProvider = 'sqlite' | 'postgresql';

/** How long a writer waits for another process that writes to the same SQLite file, such as `token create`. */
const SQLITE_BUSY_TIMEOUT_MS = 10_000;
const POSTGRESQL_CONNECTIONS_MAX = 10;
/** A commit writes one release and its metadata; waiting for SQLite's single writer counts too. */
const TRANSACTION_TIMEOUT_MS = 30_000;

/** @throws {OriginError} `bad_database_url` */
export function databaseProviderOf(url: string): DatabaseProvider {
  if (/^postgres(?:ql)?:\/\//.test(url)) return 'postgresql';
  if (url.startsWith('file:')) return 'sqlite';
  const found = JSON.stringify(url.replace(/\/\/[^@]*@/, '//…@'));
  throw new OriginError(
    'bad_database_url',
    `open database: found ${found}, wanted file:PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME`,
  );
}

export class Database {
  readonly client: DatabaseClient;

  constructor(client: DatabaseClient) {
    this.client = client;
  }

  static async open(url: string): Promise<Database> {
    return new Database(databaseProviderOf(url) === 'sqlite' ? await openSqlite(url) : await openPostgresql(url));
  }

  /** Runs `work` in one transaction: all of its writes are seen together, or none. */
  transaction<Result>(work: (session: DatabaseSession) => Promise<Result>): Promise<Result> {
    return this.client.$transaction(work, { timeout: TRANSACTION_TIMEOUT_MS, maxWait: TRANSACTION_TIMEOUT_MS });
  }

  async check(): Promise<void> {
    await this.client.$queryRaw`SELECT 1`;
  }

  async close(): Promise<void> {
    await this.client.$disconnect();
  }
}

/** Whether a write failed because a row with its key is there already. */
export function isKeyTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'P2002';
}

async function openSqlite(url: string): Promise<DatabaseClient> {
  const [{ PrismaClient }, { PrismaBetterSqlite3 }] = await Promise.all([
    import('../generated/sqlite/client.ts'),
    import('@prisma/adapter-better-sqlite3'),
  ]);
  return new PrismaClient({ adapter: new PrismaBetterSqlite3({ url, timeout: SQLITE_BUSY_TIMEOUT_MS }) });
}

async function openPostgresql(url: string): Promise<DatabaseClient> {
  const [{ PrismaClient }, { PrismaPg }] = await Promise.all([
    import('../generated/postgresql/client.ts'),
    import('@prisma/adapter-pg'),
  ]);
  const client = new PrismaClient({
    adapter: new PrismaPg({ connectionString: url, max: POSTGRESQL_CONNECTIONS_MAX }),
  });
  return client as unknown as DatabaseClient;
}
