import type { OptionSpec } from '@swarmpatch/terminal';

export const dataOption: OptionSpec = {
  name: 'data',
  value: 'dir',
  kind: 'text',
  required: true,
  description: 'directory of the database, the blobs and the online keys',
};

export const databaseUrlOption: OptionSpec = {
  name: 'database-url',
  value: 'url',
  kind: 'text',
  description: 'postgresql://… instead of SQLite in the data directory',
};
