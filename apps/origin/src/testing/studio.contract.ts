/** A studio in memory for specs: keys, builds, signed metadata and plain requests to a running origin. */
import { createHash, hash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { blobEntryName } from '@swarmpatch/api-contract';
import { generateSigningKey } from '@swarmpatch/node-io/keys';
import { MerkleHasher } from '@swarmpatch/merkle';
import { createInfo, encodeTorrent, inTorrentOrder, layOut, parseTorrent } from '@swarmpatch/metainfo';
import { createManifest, encodeChannelRecord, encodeManifest, type Manifest, torrentName } from '@swarmpatch/release';
import {
  channelTargetPath,
  createRoot,
  createTargets,
  describeTarget,
  expiryOf,
  manifestTargetPath,
  type PublicKey,
  publicKeyOf,
  signerFromPem,
  type TargetInfo,
  torrentTargetPath,
} from '@swarmpatch/trust';
import { pack } from 'tar-stream';

const PIECE_LENGTH_BYTES = 16_384;

export interface Draft {
  manifest: Manifest;
  manifestBytes: Uint8Array;
  torrentBytes: Uint8Array;
  /** By pieces root. */
  blobs: Map<string, Uint8Array>;
}

export interface Answer {
  status: number;
  body: Record<string, unknown> & { error?: { code: string; message: string } };
}

export function someBytes(lengthBytes: number): Buffer {
  return randomBytes(lengthBytes);
}

/** @param files By path. */
export function draftRelease(game: string, version: string, files: Readonly<Record<string, Uint8Array>>): Draft {
  const blobs = new Map<string, Uint8Array>();
  const hashed = inTorrentOrder(Object.entries(files).map(([path, bytes]) => ({ path, bytes }))).map(
    ({ path, bytes }) => {
      if (bytes.length === 0) return { path, bytes, lengthBytes: 0 };
      const { piecesRoot, pieceLayer } = new MerkleHasher({ pieceLengthBytes: PIECE_LENGTH_BYTES })
        .update(bytes)
        .digest();
      blobs.set(Buffer.from(piecesRoot).toString('hex'), bytes);
      const layer = bytes.length > PIECE_LENGTH_BYTES ? { pieceLayer } : {};
      return { path, bytes, lengthBytes: bytes.length, piecesRoot, ...layer };
    },
  );
  const layout = { format: 'hybrid', pieceLengthBytes: PIECE_LENGTH_BYTES, isSingleFile: false } as const;
  const { offsets, spaceBytes } = layOut(
    hashed.map(({ lengthBytes }) => lengthBytes),
    layout,
  );
  const space = Buffer.alloc(spaceBytes);
  for (const [index, { bytes }] of hashed.entries()) space.set(bytes, offsets[index]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < space.length; at += PIECE_LENGTH_BYTES) {
    pieces.push(
      createHash('sha1')
        .update(space.subarray(at, at + PIECE_LENGTH_BYTES))
        .digest(),
    );
  }
  const created = createInfo(hashed, { name: torrentName(game, version), v1Pieces: Buffer.concat(pieces), ...layout });
  const torrentBytes = encodeTorrent(created);
  const manifest = createManifest({ game, version, metainfo: parseTorrent(torrentBytes), webSeeds: [] });
  return { manifest, manifestBytes: encodeManifest(manifest), torrentBytes, blobs };
}

export interface TarEntry {
  name: string;
  bytes: Uint8Array;
  type?: 'file' | 'symlink' | 'directory';
}

export function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, bytes, type = 'file' } of entries) {
    if (type === 'file') tar.entry({ name, type }, Buffer.from(bytes));
    else tar.entry({ name, type, linkname: '/etc/passwd' });
  }
  tar.finalize();
  return new Response(Readable.toWeb(Readable.from(tar)) as ReadableStream)
    .arrayBuffer()
    .then((bytes) => Buffer.from(bytes));
}

export class Studio {
  readonly game: string;
  #url: string;
  readonly #token: string;
  readonly #root = signerFromPem(generateSigningKey().privateKeyPem);
  readonly #release = signerFromPem(generateSigningKey().privateKeyPem);
  readonly targets = new Map<string, TargetInfo>();
  targetsVersion = 0;
  /** Whether the targets that are signed let the origin list patches. */
  wantsPatches = false;
  #onlineKey: PublicKey | undefined;

  constructor(url: string, token: string, game: string) {
    this.#url = url;
    this.#token = token;
    this.game = game;
  }

  /** The same studio, facing an origin that came back somewhere else. */
  at(url: string): this {
    this.#url = url;
    return this;
  }

  get authorization(): string {
    return `Bearer ${this.#token}`;
  }

  /** Takes releases that were refused out of the targets that are signed next. */
  forget(...drafts: readonly Draft[]): void {
    for (const { manifest } of drafts) {
      this.targets.delete(manifestTargetPath(manifest.version));
      this.targets.delete(torrentTargetPath(manifest.version));
      this.targetsVersion -= 1;
    }
  }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const isJson = body !== undefined && !(body instanceof Uint8Array) && !(body instanceof ReadableStream);
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: this.authorization,
        ...(body !== undefined && { 'content-type': isJson ? 'application/json' : 'application/x-tar' }),
        ...headers,
      },
      ...(body !== undefined && {
        body: isJson ? JSON.stringify(body) : (body as NonNullable<RequestInit['body']>),
        duplex: 'half',
      }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  async createGame(): Promise<Answer> {
    const created = await this.request('POST', '/api/games', { id: this.game, title: 'A game' });
    if (created.status !== 200) return created;
    const { publicKey } = created.body['onlineKey'] as { publicKey: string };
    return this.request('PUT', `/api/games/${this.game}/trust`, this.firstTrust(publicKey));
  }

  firstTrust(onlinePublicKey: string): { root: string; targets: string } {
    const role = (key: PublicKey) => ({ keys: [key], threshold: 1 });
    this.#onlineKey = publicKeyOf(onlinePublicKey);
    const online = role(this.#onlineKey);
    const root = createRoot({
      game: this.game,
      version: 1,
      expiresMs: expiryOf('root', Date.now()),
      signers: [this.#root],
      roles: { root: role(this.#root.key), targets: role(this.#release.key), snapshot: online, timestamp: online },
    });
    return { root: Buffer.from(root).toString(), targets: this.signTargets() };
  }

  /** Signs the next version of the targets as they are now. */
  signTargets(): string {
    this.targetsVersion += 1;
    const bytes = createTargets({
      game: this.game,
      version: this.targetsVersion,
      expiresMs: expiryOf('targets', Date.now()),
      signers: [this.#release],
      targets: this.targets,
      patchesKey: this.wantsPatches ? this.#onlineKey : undefined,
    });
    return Buffer.from(bytes).toString();
  }

  /** Adds a release, and a channel that names it, to the targets. @returns The body of a commit. */
  signRelease(
    { manifest, manifestBytes, torrentBytes }: Draft,
    channel = 'stable',
  ): { targets: string; documents: object[] } {
    this.targets.set(manifestTargetPath(manifest.version), describeTarget(manifestBytes));
    this.targets.set(torrentTargetPath(manifest.version), describeTarget(torrentBytes));
    return this.signChannel(channel, manifest.version);
  }

  signChannel(channel: string, version: string): { targets: string; documents: object[] } {
    const record = encodeChannelRecord({ format: 1, game: this.game, channel, version, history: [] });
    this.targets.set(channelTargetPath(channel), describeTarget(record));
    const document = { path: channelTargetPath(channel), base64: Buffer.from(record).toString('base64') };
    return { targets: this.signTargets(), documents: [document] };
  }

  path(version: string): string {
    return `/api/games/${this.game}/uploads/${version}`;
  }

  begin({ manifest, manifestBytes, torrentBytes }: Draft): Promise<Answer> {
    return this.request('PUT', this.path(manifest.version), {
      manifest: Buffer.from(manifestBytes).toString('base64'),
      torrent: Buffer.from(torrentBytes).toString('base64'),
    });
  }

  async send({ manifest, blobs }: Draft): Promise<Answer> {
    const entries = [...blobs].map(([root, bytes]) => ({ name: blobEntryName(root, 0), bytes }));
    return this.request('POST', `${this.path(manifest.version)}/blobs`, await tarOf(entries));
  }

  commit(draft: Draft, channel?: string): Promise<Answer> {
    return this.request('POST', `${this.path(draft.manifest.version)}/commit`, this.signRelease(draft, channel));
  }

  /** The whole journey. @returns The answer to the commit. */
  async publish(draft: Draft, channel?: string): Promise<Answer> {
    for (const step of [await this.begin(draft), await this.send(draft)]) if (step.status !== 200) return step;
    return this.commit(draft, channel);
  }
}

export function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
