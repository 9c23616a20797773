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
  /** Patches that are kept to each release that a channel names; 0 makes none. */
  patchCountMax?: number;
  /** Bytes of the patches of one game. */
  patchBytesMax?: number;
  /** Whether the tracker takes torrents that are not published here. */
  openTracker?: boolean;
}

/** Players on older versions go in two steps, or fetch pieces. */
export const PATCH_COUNT_DEFAULT = 5;
export const PATCH_BYTES_DEFAULT: number = 20 * 2 ** 30;

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

  get patchCountMax(): number {
    return this.options.patchCountMax ?? PATCH_COUNT_DEFAULT;
  }

  get patchBytesMax(): number {
    return this.options.patchBytesMax ?? PATCH_BYTES_DEFAULT;
  }

  get patchBlobsDirectory(): string {
    return join(this.options.dataDirectory, 'patches');
  }

  /** Where a patch is while it is made; emptied at start. */
  get patchScratchDirectory(): string {
    return join(this.options.dataDirectory, 'patches-in-the-making');
  }

  get keysDirectory(): string {
    return join(this.options.dataDirectory, 'keys');
  }
}
