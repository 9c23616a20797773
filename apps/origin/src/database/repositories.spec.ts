import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScratchPostgresql } from '../testing/scratch-postgresql.contract.ts';
import { describeRepositories } from './repositories.contract.ts';

describeRepositories('SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sqlite-'));
  return { url: `file:${join(directory, 'test.db')}`, remove: () => rm(directory, { recursive: true }) };
});

describeRepositories('PostgreSQL', async () => {
  const server = await ScratchPostgresql.start();
  return { url: server.url, remove: () => server.stop() };
});
