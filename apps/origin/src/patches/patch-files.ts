import { Inject, Injectable } from '@nestjs/common';
import { parsePatchRange, patchRange } from '@swarmpatch/release';
import type { BlobStore } from '@swarmpatch/storage';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressTorrent } from '../content/address-torrent.ts';
import { ByteSender } from '../content/byte-sender.ts';
import { PublicAddress } from '../public-address.ts';
import { ownedChunk } from '../storage/chunk-pool.ts';
import { PATCH_STORE } from './patch-store.ts';
import { type PatchRecord, PatchRepository, type StoredPatch } from './patch.repository.ts';

export interface ReadyPatch extends PatchRecord {
  stored: StoredPatch;
}

/** Patches as players fetch them: torrent and web seed. Those that are not ready are not there. */
@Injectable()
export class PatchFiles {
  readonly #patches: PatchRepository;
  readonly #store: BlobStore;
  readonly #address: PublicAddress;
  readonly #sender: ByteSender;

  constructor(
    patches: PatchRepository,
    @Inject(PATCH_STORE) store: BlobStore,
    address: PublicAddress,
    sender: ByteSender,
  ) {
    this.#patches = patches;
    this.#store = store;
    this.#address = address;
    this.#sender = sender;
  }

  /** @param range `FROM..TO`; anything else finds nothing, without a look into the database. */
  async find(game: string, range: string): Promise<ReadyPatch | undefined> {
    const pair = parsePatchRange(range);
    const patch = pair && (await this.#patches.find({ game, ...pair }));
    return patch?.stored && { ...patch, stored: patch.stored };
  }

  async torrent(game: string, range: string): Promise<Uint8Array | undefined> {
    const patch = await this.find(game, range);
    if (!patch) return undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#store.openRead(patch.stored.torrentPiecesRoot)) chunks.push(chunk);
    const webSeed = this.#address.webSeed(game, patchRange(patch.from, patch.to));
    return addressTorrent(Buffer.concat(chunks), this.#address, webSeed);
  }

  async send({ game, stored }: ReadyPatch, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { piecesRoot, bytes } = stored;
    const store = this.#store;
    await this.#sender.send(request, reply, {
      routeClass: 'patch',
      game,
      contentType: 'application/octet-stream',
      lengthBytes: bytes,
      etag: `"${piecesRoot}"`,
      caching: 'immutable',
      read: async function* (span) {
        for await (const chunk of store.openRead(piecesRoot, span)) yield ownedChunk(chunk);
      },
    });
  }
}
