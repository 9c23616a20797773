import { basename, dirname } from 'node:path';

import { makeParents, writeDurably } from '@swarmpatch/install';
import { DiskFileSystem } from '@swarmpatch/node-io/file-system';

/** Of what is read of the file; what a node writes is shorter. */
export const DHT_STATE_FILE_BYTES_MAX: number = 16 * 1024;
/** A command that is killed loses what it learned since. */
const KEEP_INTERVAL_MS = 5 * 60_000;

const NAME = 'dht';

/** Whom the DHT node of a command knew, for the next command. It saves time: without it, the public routers are asked. */
export class DhtStateFile {
  readonly #files: DiskFileSystem;
  readonly #path: string;
  #timer: NodeJS.Timeout | undefined;
  #current: () => Uint8Array | undefined = () => undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param stateDirectory Absolute; it is made when there is something to keep, but nothing above it is. */
  constructor(stateDirectory: string) {
    this.#files = new DiskFileSystem(dirname(stateDirectory));
    this.#path = `${basename(stateDirectory)}/${NAME}`;
  }

  /** Undefined when there is none. What is damaged is for the node to refuse. */
  async read(): Promise<Uint8Array | undefined> {
    const range = { offsetBytes: 0, lengthBytes: DHT_STATE_FILE_BYTES_MAX };
    return this.#files.read(this.#path, range).catch(() => undefined);
  }

  /** Writes what `current` gives now and then, until `stop`. */
  keep(current: () => Uint8Array | undefined): void {
    this.#current = current;
    this.#timer = setInterval(() => {
      this.#write();
    }, KEEP_INTERVAL_MS).unref();
  }

  /** Writes it for the last time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#write();
    await this.#writing;
  }

  /** A disk that refuses it is no failure. */
  #write(): void {
    const state = this.#current();
    if (state === undefined) return;
    this.#writing = this.#writing
      .then(() => makeParents(this.#files, this.#path))
      .then(() => writeDurably(this.#files, this.#path, state))
      .catch(() => undefined);
  }
}
