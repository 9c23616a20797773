import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { encodeTorrent, parseTorrent, pieceLayersOf } from '@swarmpatch/metainfo';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '../http/not-found.ts';
import { PublicAddress } from '../public-address.ts';
import type { ReleaseRecord } from '../releases/release.repository.ts';
import { DocumentStore } from '../trust/document-store.ts';
import { ownedChunk } from '../storage/chunk-pool.ts';
import { ByteSender } from './byte-sender.ts';
import { ReleaseCatalog } from './release-catalog.ts';
import { WeightedCache } from './weighted-cache.ts';

const CACHED_BYTES_MAX = 64 * 1024 * 1024;
const SUFFIX = '.torrent';

/** Torrents of releases: the signed info dictionary and layers, with where this origin is reached. */
@Controller('torrents')
export class TorrentsController {
  readonly #catalog: ReleaseCatalog;
  readonly #documents: DocumentStore;
  readonly #address: PublicAddress;
  readonly #sender: ByteSender;
  readonly #built = new WeightedCache<Uint8Array>(CACHED_BYTES_MAX, (bytes) => bytes.byteLength);

  constructor(catalog: ReleaseCatalog, documents: DocumentStore, address: PublicAddress, sender: ByteSender) {
    this.#catalog = catalog;
    this.#documents = documents;
    this.#address = address;
    this.#sender = sender;
  }

  @Get(':game/:file')
  async torrent(
    @Param('game') game: string,
    @Param('file') file: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const version = file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : undefined;
    const release = version === undefined ? undefined : await this.#catalog.find(game, version);
    if (!release) throw notFound(`torrent ${file} of ${game}`);
    const bytes = await this.#built.get(release.torrentPiecesRoot, () => this.#build(release));
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

  async #build({ game, version, torrentPiecesRoot }: ReleaseRecord): Promise<Uint8Array> {
    const metainfo = parseTorrent(await this.#documents.read(torrentPiecesRoot));
    return encodeTorrent({
      infoBytes: metainfo.infoBytes,
      pieceLayers: pieceLayersOf(metainfo),
      trackers: this.#address.trackers.map((url) => [url]),
      webSeeds: [this.#address.webSeed(game, version)],
    });
  }
}
