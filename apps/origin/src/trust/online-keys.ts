import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { generateSigningKey } from '@swarmpatch/node-io/keys';
import { type PublicKey, type Signer, signerFromPem } from '@swarmpatch/trust';
import { Configuration } from '../configuration.ts';
import { OriginError } from '../origin-error.ts';

/** The keys that sign snapshots and timestamps: one for each game, in files that only this user can read. */
@Injectable()
export class OnlineKeys {
  readonly #directory: string;
  readonly #signers = new Map<string, Signer>();

  constructor(configuration: Configuration) {
    this.#directory = configuration.keysDirectory;
  }

  /** Makes the game's key, or finds the one that an interrupted request left. */
  async ensure(game: string): Promise<PublicKey> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const path = this.#path(game);
    const draft = `${path}.${randomUUID()}`;
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(generateSigningKey().privateKeyPem);
      await file.sync();
      // Whole or not there, and never over a key.
      await link(draft, path);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    } finally {
      await file.close();
      await unlink(draft);
    }
    return (await this.signer(game)).key;
  }

  /** @throws {OriginError} `data_unusable` */
  async signer(game: string): Promise<Signer> {
    const known = this.#signers.get(game);
    if (known) return known;
    const path = this.#path(game);
    try {
      const signer = signerFromPem(await readFile(path, 'utf8'));
      this.#signers.set(game, signer);
      return signer;
    } catch (cause) {
      throw new OriginError(
        'data_unusable',
        `read the online key of ${game}: ${path} cannot be used; restore it from a backup`,
        {
          cause,
        },
      );
    }
  }

  /** Game ids are file names by their own rule. */
  #path(game: string): string {
    return join(this.#directory, `${game}.pem`);
  }
}
