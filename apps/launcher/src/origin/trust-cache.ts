import { makeParents, TRUST_DIRECTORY, writeDurably, type FileSystem } from '@swarmpatch/install';
import type { TrustCache } from '@swarmpatch/trust';

/** Trusted metadata in the install itself, each file replaced in one durable step. */
export class InstallTrustCache implements TrustCache {
  readonly #files: FileSystem;

  constructor(files: FileSystem) {
    this.#files = files;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const path = `${TRUST_DIRECTORY}/${name}`;
    return (await this.#files.stat(path))?.kind === 'file' ? this.#files.read(path) : undefined;
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = `${TRUST_DIRECTORY}/${name}`;
    await makeParents(this.#files, path);
    await writeDurably(this.#files, path, bytes);
  }

  async remove(name: string): Promise<void> {
    await this.#files.remove(`${TRUST_DIRECTORY}/${name}`);
  }
}
