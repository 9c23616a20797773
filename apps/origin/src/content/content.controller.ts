import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { patchName } from '@swarmpatch/release';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '../http/not-found.ts';
import { PatchFiles } from '../patches/patch-files.ts';
import { BlobReader } from '../storage/blob-reader.ts';
import { CHUNK_BYTES, type Chunk, ownedChunk } from '../storage/chunk-pool.ts';
import type { ByteSpan } from './byte-selection.ts';
import { ByteSender } from './byte-sender.ts';
import { contentPathOf } from './content-path.ts';
import { ReleaseCatalog } from './release-catalog.ts';
import { readSpans } from './release-stream.ts';

/** `content`, game and version come before the path in the torrent. */
const CONTENT_ROUTE_SEGMENTS = 3;

/** Web seeds: single files (BEP 19), and the release stream for runs of many small ones. */
@Controller()
export class ContentController {
  readonly #catalog: ReleaseCatalog;
  readonly #blobs: BlobReader;
  readonly #sender: ByteSender;
  readonly #patches: PatchFiles;

  constructor(catalog: ReleaseCatalog, blobs: BlobReader, sender: ByteSender, patches: PatchFiles) {
    this.#catalog = catalog;
    this.#blobs = blobs;
    this.#sender = sender;
    this.#patches = patches;
  }

  /** The path is looked up in the signed manifest; no part of it is ever joined to a path on this machine. */
  @Get('content/:game/:version/*')
  async file(
    @Param('game') game: string,
    @Param('version') version: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const path = contentPathOf(request.raw.url ?? '', CONTENT_ROUTE_SEGMENTS);
    const patch = await this.#patches.find(game, version);
    if (patch) {
      if (path !== patchName(game, patch.from, patch.to)) throw notFound(`such a file in the patch ${version}`);
      await this.#patches.send(patch, request, reply);
      return;
    }
    const file = path === undefined ? undefined : (await this.#catalog.index(game, version))?.file(path);
    if (!file) throw notFound(`such a file in ${game} ${version}`);
    const { piecesRoot, lengthBytes } = file;
    await this.#sender.send(request, reply, {
      routeClass: 'content',
      game,
      contentType: 'application/octet-stream',
      lengthBytes,
      etag: `"${piecesRoot ?? `zeros-${lengthBytes}`}"`,
      caching: 'immutable',
      read: (span) => (piecesRoot === undefined ? zeros(span) : this.#blobs.read({ piecesRoot, ...span })),
    });
  }

  @Get('streams/:game/:version')
  async stream(
    @Param('game') game: string,
    @Param('version') version: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const index = await this.#catalog.index(game, version);
    if (!index) throw notFound(`release ${version} of ${game}`);
    await this.#sender.send(request, reply, {
      routeClass: 'stream',
      game,
      contentType: 'application/octet-stream',
      lengthBytes: index.streamLengthBytes,
      etag: index.streamEtag,
      caching: 'immutable',
      read: ({ start, end }) => readSpans(this.#blobs, index.spans(start, end)),
    });
  }
}

/** A pad is shorter than a piece, so it comes in few chunks. */
async function* zeros({ start, end }: ByteSpan): AsyncGenerator<Chunk> {
  for (let at = start; at < end; at += CHUNK_BYTES) yield ownedChunk(Buffer.alloc(Math.min(CHUNK_BYTES, end - at)));
}
