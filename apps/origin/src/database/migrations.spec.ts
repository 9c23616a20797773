import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from './migrations.ts';
import { openScriptRunner } from './script-runner.ts';

let directory: string;
let url: string;
let migrations: URL;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'migrations-'));
  url = `file:${join(directory, 'test.db')}`;
  migrations = pathToFileURL(`${directory}/`);
});
afterEach(() => rm(directory, { recursive: true }));

async function write(name: string, sql: string): Promise<void> {
  await mkdir(join(directory, 'sqlite', name), { recursive: true });
  await writeFile(join(directory, 'sqlite', name, 'migration.sql'), sql);
}

async function tables(): Promise<unknown[]> {
  const runner = await openScriptRunner(url);
  const rows = await runner.rows(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name`,
  );
  await runner.close();
  return rows.map(({ name }) => name);
}

describe('migrate()', () => {
  it('applies what is new, in order', async () => {
    await write('1_first', 'CREATE TABLE a (x INTEGER);');
    expect(await migrate(url, migrations)).toEqual(['1_first']);
    await write('2_second', 'CREATE TABLE b (x INTEGER);');
    expect(await migrate(url, migrations)).toEqual(['2_second']);
    expect(await migrate(url, migrations)).toEqual([]);
    expect(await tables()).toEqual(['a', 'b']);
  });

  it('leaves the database as it was when one fails', async () => {
    await write('1_first', 'CREATE TABLE a (x INTEGER);');
    await write('2_broken', 'CREATE TABLE b (x INTEGER); CREATE TABLE a (x INTEGER);');
    await expect(migrate(url, migrations)).rejects.toThrow(/already exists/);
    expect(await tables()).toEqual([]);
  });

  it('refuses rows that would refer to nothing', async () => {
    await write('1_first', 'CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES a (id));');
    await write('2_dangling', 'INSERT INTO b VALUES (7);');
    await expect(migrate(url, migrations)).rejects.toMatchObject({ code: 'migration_unfinished' });
  });

  it('keeps rows that refer to a table that is redefined', async () => {
    await write(
      '1_first',
      'CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES a (id) ON DELETE CASCADE); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);',
    );
    await write(
      '2_redefine',
      'CREATE TABLE new_a (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO new_a (id) SELECT id FROM a; DROP TABLE a; ALTER TABLE new_a RENAME TO a;',
    );
    await migrate(url, migrations);
    const runner = await openScriptRunner(url);
    expect(await runner.rows('SELECT a FROM b')).toEqual([{ a: 1 }]);
    await runner.close();
  });

  it('refuses a migration that was edited after it was applied', async () => {
    await write('1_first', 'CREATE TABLE a (x INTEGER);');
    await migrate(url, migrations);
    await write('1_first', 'CREATE TABLE a (x TEXT);');
    await expect(migrate(url, migrations)).rejects.toMatchObject({ code: 'migration_changed' });
  });

  it('refuses a database of a newer version', async () => {
    await write('1_first', 'CREATE TABLE a (x INTEGER);');
    await write('2_later', 'CREATE TABLE b (x INTEGER);');
    await migrate(url, migrations);
    await rm(join(directory, 'sqlite', '2_later'), { recursive: true });
    await expect(migrate(url, migrations)).rejects.toMatchObject({ code: 'migration_unknown' });
  });

  it('refuses a URL of another kind without showing its password', async () => {
    const refusal = migrate('mysql://root:geheim@db/x', migrations);
    await expect(refusal).rejects.toMatchObject({ code: 'bad_database_url' });
    await expect(refusal).rejects.not.toThrow(/geheim/);
  });
});
