import { chmod, mkdir } from 'node:fs/promises';
import type { Configuration } from '../configuration.ts';
import { OriginError } from '../origin-error.ts';
import { Database } from './database.ts';
import { migrate } from './migrations.ts';

/** Opens the database of a data directory at the newest schema; makes the directory where there is none. */
export async function openData(configuration: Configuration): Promise<Database> {
  const { dataDirectory } = configuration.options;
  try {
    await mkdir(dataDirectory, { recursive: true });
    await mkdir(configuration.blobsDirectory, { recursive: true });
    await mkdir(configuration.keysDirectory, { recursive: true, mode: 0o700 });
    await chmod(configuration.keysDirectory, 0o700);
  } catch (cause) {
    throw new OriginError('data_unusable', `open data directory: ${dataDirectory} cannot be used: ${String(cause)}`, {
      cause,
    });
  }
  await migrate(configuration.databaseUrl);
  return Database.open(configuration.databaseUrl);
}
