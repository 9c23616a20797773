import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '../http/not-found.ts';
import { PublicAddress } from '../public-address.ts';
import { PatchFiles } from '../patches/patch-files.ts';
import { DocumentStore } from '../trust/document-store.ts';
import { ownedChunk } from '../storage/chunk-pool.ts';
import { addressTorrent } from './address-torrent.ts';
import { ByteSender } from './byte-sender.ts';
import { ReleaseCatalog } from './release-catalog.ts';
import { WeightedCache } from './weighted-cache.ts';

const CACHED_BYTES_MAX = 64 * 1024 * 1024;
const SUFFIX = '.torrent';

/** Torrents of releases and patches: info dictionary and layers as they are stored, with where this origin is reached. */
@Controller('torrents')
export class TorrentsController {
  readonly #catalog: ReleaseCatalog;
  readonly #documents: DocumentStore;
  readonly #address: PublicAddress;
  readonly #sender: ByteSender;
  readonly #patches: PatchFiles;
  readonly #built = new WeightedCache<Uint8Array>(CACHED_BYTES_MAX, (bytes) => bytes.byteLength);

  constructor(
    catalog: ReleaseCatalog,
    documents: DocumentStore,
    address: PublicAddress,
    sender: ByteSender,
    patches: PatchFiles,
  ) {
    this.#catalog = catalog;
    this.#documents = documents;
    this.#address = address;
    this.#sender = sender;
    this.#patches = patches;
  }

  @Get(':game/:file')
  async torrent(
    @Param('game') game: string,
    @Param('file') file: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const name = file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : '';
    const bytes = (await this.#patches.torrent(game, name)) ?? (await this.#releaseTorrent(game, name));
    if (bytes === undefined) throw notFound(`torrent ${file} of ${game}`);
    await this.#sender.send(request, reply, {
      routeClass: 'torrent',
      contentType: 'application/x-bittorrent',
      lengthBytes: bytes.byteLength,
      caching: 'no-cache',
      read: async function* ({ start, end }) {
        yield ownedChunk(bytes.subarray(start, end));
      },
    });
  }

  async #releaseTorrent(game: string, version: string): Promise<Uint8Array | undefined> {
    const release = await this.#catalog.find(game, version);
    if (!release) return undefined;
    const { torrentPiecesRoot } = release;
    return this.#built.get(torrentPiecesRoot, async () => {
      return addressTorrent(
        await this.#documents.read(torrentPiecesRoot),
        this.#address,
        this.#address.webSeed(game, version),
      );
    });
  }
}
