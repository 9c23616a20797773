import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PATCH_LISTING_TARGET_PATH } from '@swarmpatch/trust';
import { ByteSender, type Sendable } from '../content/byte-sender.ts';
import { notFound } from '../http/not-found.ts';
import { VersionUses } from '../patches/version-uses.ts';
import { BlobReader } from '../storage/blob-reader.ts';
import { ownedChunk } from '../storage/chunk-pool.ts';
import { TrustRepository } from './trust.repository.ts';

const METADATA_NAME = /^([1-9][0-9]{0,8})\.(root|targets|patches|snapshot)\.json$/;
const RELEASE_TORRENT_PATH = /^releases\/([^/]+)\/release\.torrent$/;
const TARGET_NAME = /^targets\/(.*\/)([0-9a-f]{64})\.([^/]+)$/;

/** What differs between the files of a repository. */
type SentFile = Pick<Sendable, 'contentType' | 'lengthBytes' | 'etag' | 'read'> & Partial<Pick<Sendable, 'caching'>>;

/** A game's TUF repository, under the names that consistent snapshots give to its files. */
@Controller('trust')
export class TrustController {
  readonly #trust: TrustRepository;
  readonly #blobs: BlobReader;
  readonly #sender: ByteSender;
  readonly #uses: VersionUses;

  constructor(trust: TrustRepository, blobs: BlobReader, sender: ByteSender, uses: VersionUses) {
    this.#trust = trust;
    this.#blobs = blobs;
    this.#sender = sender;
    this.#uses = uses;
  }

  @Get(':game/*')
  async file(
    @Param('game') game: string,
    @Param('*') name: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const target = TARGET_NAME.exec(name);
    const file = target ? await this.#findTarget(game, target) : await this.#findMetadata(game, name);
    if (!file) throw notFound(`trust file ${name} of ${game}`);
    await this.#sender.send(request, reply, { routeClass: 'trust', caching: 'immutable', ...file });
    const [, version] = RELEASE_TORRENT_PATH.exec(target ? pathOf(target) : '') ?? [];
    // A studio that looks at its releases comes with its token.
    const isPlayer = request.method === 'GET' && request.headers.authorization === undefined;
    if (version !== undefined && isPlayer) this.#uses.sawUpdate(game, version);
  }

  async #findMetadata(game: string, name: string): Promise<SentFile | undefined> {
    if (name === 'timestamp.json') {
      const timestamp = await this.#trust.current(game, 'timestamp');
      return timestamp && { ...jsonFile(timestamp.bytes), caching: 'no-cache' };
    }
    const [, version, role] = METADATA_NAME.exec(name) ?? [];
    if (role !== 'root' && role !== 'targets' && role !== 'patches' && role !== 'snapshot') return undefined;
    const metadata = await this.#trust.metadata(game, role, Number(version));
    return metadata && jsonFile(metadata.bytes);
  }

  async #findTarget(game: string, match: RegExpExecArray): Promise<SentFile | undefined> {
    const path = pathOf(match);
    const [, , sha256 = ''] = match;
    const etag = `"${sha256}"`;
    if (path === PATCH_LISTING_TARGET_PATH) {
      const listing = await this.#trust.listing(game, sha256);
      return listing && { ...jsonFile(listing), etag };
    }
    const target = await this.#trust.target(game, path, sha256);
    if (!target) return undefined;
    return {
      contentType: path.endsWith('.json') ? 'application/json' : 'application/x-bittorrent',
      lengthBytes: target.lengthBytes,
      etag,
      read: (span) => this.#blobs.read({ piecesRoot: target.piecesRoot, ...span }),
    };
  }
}

/** The target's path, from its name with the hash in it. */
function pathOf([, directory = '', , file = '']: RegExpExecArray): string {
  return `${directory}${file}`;
}

function jsonFile(bytes: Uint8Array): SentFile {
  return {
    contentType: 'application/json',
    lengthBytes: bytes.byteLength,
    read: async function* ({ start, end }) {
      yield ownedChunk(bytes.subarray(start, end));
    },
  };
}
