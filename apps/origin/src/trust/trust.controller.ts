import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { targetFileName } from '@swarmpatch/trust';
import { ByteSender } from '../content/byte-sender.ts';
import { notFound } from '../http/not-found.ts';
import { BlobReader } from '../storage/blob-reader.ts';
import { ownedChunk } from '../storage/chunk-pool.ts';
import { TrustRepository } from './trust.repository.ts';

const METADATA_NAME = /^([1-9][0-9]{0,8})\.(root|targets|snapshot)\.json$/;
const TARGET_NAME = /^targets\/(.*\/)([0-9a-f]{64})\.([^/]+)$/;

/** A game's TUF repository, under the names that consistent snapshots give to its files. */
@Controller('trust')
export class TrustController {
  readonly #trust: TrustRepository;
  readonly #blobs: BlobReader;
  readonly #sender: ByteSender;

  constructor(trust: TrustRepository, blobs: BlobReader, sender: ByteSender) {
    this.#trust = trust;
    this.#blobs = blobs;
    this.#sender = sender;
  }

  @Get(':game/*')
  async file(
    @Param('game') game: string,
    @Param('*') name: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const target = TARGET_NAME.exec(name);
    if (target) return this.#sendTarget(game, target, request, reply);
    const bytes = await this.#findMetadata(game, name);
    if (!bytes) throw notFound(`trust file ${name} of ${game}`);
    await this.#sender.send(request, reply, {
      routeClass: 'trust',
      contentType: 'application/json',
      lengthBytes: bytes.byteLength,
      caching: name === 'timestamp.json' ? 'no-cache' : 'immutable',
      read: async function* ({ start, end }) {
        yield ownedChunk(bytes.subarray(start, end));
      },
    });
  }

  async #findMetadata(game: string, name: string): Promise<Uint8Array | undefined> {
    if (name === 'timestamp.json') return (await this.#trust.current(game, 'timestamp'))?.bytes;
    const [, version, role] = METADATA_NAME.exec(name) ?? [];
    if (role !== 'root' && role !== 'targets' && role !== 'snapshot') return undefined;
    return (await this.#trust.metadata(game, role, Number(version)))?.bytes;
  }

  async #sendTarget(game: string, match: RegExpExecArray, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const [, directory = '', sha256 = '', file = ''] = match;
    const target = await this.#trust.target(game, `${directory}${file}`, sha256);
    if (!target) throw notFound(`target ${targetFileName(`${directory}${file}`, sha256)} of ${game}`);
    await this.#sender.send(request, reply, {
      routeClass: 'trust',
      contentType: file.endsWith('.json') ? 'application/json' : 'application/x-bittorrent',
      lengthBytes: target.lengthBytes,
      etag: `"${sha256}"`,
      caching: 'immutable',
      read: (span) => this.#blobs.read({ piecesRoot: target.piecesRoot, ...span }),
    });
  }
}
