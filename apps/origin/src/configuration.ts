import { join } from 'node:path';

export interface HostPort {
  host: string;
  port: number;
}

export interface OriginOptions {
  dataDirectory: string;
  http: HostPort;
  udp: HostPort;
  /** Where players reach this origin; made from the HTTP address when absent. */
  publicUrl?: string;
  /** Over everything that content and streams send. */
  maxUploadBytesPerSecond?: number;
  /** SQLite in the data directory when absent. */
  databaseUrl?: string;
  /** Whether the tracker takes torrents that are not published here. */
  openTracker?: boolean;
}

/** What was asked for at start, and where things are in the data directory. */
export class Configuration {
  readonly options: OriginOptions;

  constructor(options: OriginOptions) {
    this.options = options;
  }

  get databaseUrl(): string {
    return this.options.databaseUrl ?? `file:${join(this.options.dataDirectory, 'swarmpatch.db')}`;
  }

  get blobsDirectory(): string {
    return join(this.options.dataDirectory, 'blobs');
  }

  get keysDirectory(): string {
    return join(this.options.dataDirectory, 'keys');
  }
}
