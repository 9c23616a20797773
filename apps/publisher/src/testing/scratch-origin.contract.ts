/** As much of an origin as publishing needs, in memory, for one game: conflicts and lost answers are hard to bring about with a real one. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import {
  apiErrorStatus,
  type ApiErrorCode,
  type BeginUploadRequest,
  type PutTargetsRequest,
  type PutTrustRequest,
} from '@swarmpatch/api-contract';
import { generateSigningKey } from '@swarmpatch/node-io/keys';
import { parseManifest } from '@swarmpatch/release';
import {
  createSnapshot,
  createTimestamp,
  describeTarget,
  expiryOf,
  manifestTargetPath,
  type Signer,
  signerFromPem,
  targetFileName,
  torrentTargetPath,
  verifyFirstTrust,
  verifyNextTargets,
} from '@swarmpatch/trust';
import { extract } from 'tar-stream';
import { chunksOf, feed } from '../publish/stream-bridge.ts';

export class Refusal extends Error {
  readonly code: ApiErrorCode;
  constructor(code: ApiErrorCode) {
    super(code);
    this.code = code;
  }
}

const json = (bytes: Buffer): unknown => JSON.parse(bytes.toString());
const decode = (base64: string): Buffer => Buffer.from(base64, 'base64');

export class ScratchOrigin {
  readonly files = new Map<string, Uint8Array>();
  readonly blobs = new Map<string, number>();
  readonly online: Signer = signerFromPem(generateSigningKey().privateKeyPem);
  readonly server: Server;
  readonly documents = new Map<string, Uint8Array>();
  versions = { targets: 0, online: 0 };
  rootFingerprint: string | undefined;
  /** Called when a commit arrives; may publish something else first, or hang up. */
  onCommit: (socket: { destroy(): void }, commit: () => void) => void = (_, commit) => {
    commit();
  };

  constructor() {
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        const code = error instanceof Refusal ? error.code : 'internal';
        response.writeHead(apiErrorStatus[code]).end(JSON.stringify({ error: { code, message: String(error) } }));
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path.startsWith('/trust/starfall/')) {
      const bytes = this.files.get(path.slice('/trust/starfall/'.length));
      if (bytes === undefined) throw new Refusal('not_found');
      response.end(bytes);
      return;
    }
    const torrent = /^\/torrents\/starfall\/(.+)\.torrent$/.exec(path)?.[1];
    if (torrent !== undefined) {
      response.end(this.documents.get(torrentTargetPath(torrent)));
      return;
    }
    if (request.method !== 'GET' && request.headers.authorization !== 'Bearer good') throw new Refusal('unauthorized');
    response.end(JSON.stringify(await this.#act(`${request.method ?? ''} ${path}`, request)));
  }

  async #act(what: string, request: IncomingMessage): Promise<unknown> {
    if (what.endsWith('/blobs')) return this.#takeBlobs(request);
    const body = await readBody(request);
    switch (what) {
      case 'GET /api/service':
        return { name: 'scratch', version: '0.0.0', publicUrl: this.url, trackers: [] };
      case 'POST /api/games':
        return { game: 'starfall', onlineKey: this.online.key, state: this.rootFingerprint ? 'ready' : 'pending' };
      case 'GET /api/games/starfall':
        return {
          id: 'starfall',
          title: 'S',
          state: this.rootFingerprint ? 'ready' : 'pending',
          rootFingerprint: this.rootFingerprint,
          channels: [],
        };
      case 'PUT /api/games/starfall/trust':
        return this.#open(json(body) as PutTrustRequest);
      case 'PUT /api/games/starfall/targets':
        this.#publish(json(body) as PutTargetsRequest);
        return { targetsVersion: this.versions.targets, channels: [] };
    }
    const version = /uploads\/([^/]+)/.exec(what)?.[1] ?? '';
    if (what.startsWith('GET')) return { version, state: 'free' };
    if (what.startsWith('PUT')) return this.#begin(version, json(gunzipSync(body)) as BeginUploadRequest);
    if (this.#isPublished(version)) throw new Refusal('version_exists');
    this.onCommit(request.socket, () => {
      this.#publish(json(body) as PutTargetsRequest);
    });
    return { version, targetsVersion: this.versions.targets, channels: [] };
  }

  #isPublished(version: string): boolean {
    const current = this.files.get(`${this.versions.targets}.targets.json`);
    return Buffer.from(current ?? []).includes(`"${manifestTargetPath(version)}"`);
  }

  #open({ root, targets }: PutTrustRequest): unknown {
    const [rootBytes, targetsBytes] = [Buffer.from(root), Buffer.from(targets)];
    const first = verifyFirstTrust({
      game: 'starfall',
      root: rootBytes,
      targets: targetsBytes,
      onlineKey: this.online.key,
      nowMs: Date.now(),
    });
    this.rootFingerprint = first.rootFingerprint;
    this.files.set('1.root.json', rootBytes);
    this.#accept(1, targetsBytes);
    return { game: 'starfall', rootFingerprint: first.rootFingerprint };
  }

  #begin(version: string, { manifest, torrent }: BeginUploadRequest): unknown {
    this.documents.set(manifestTargetPath(version), decode(manifest)).set(torrentTargetPath(version), decode(torrent));
    const roots = new Map(
      parseManifest(decode(manifest)).files.map(({ piecesRoot, length }) => [piecesRoot ?? '', length]),
    );
    roots.delete('');
    return {
      missing: [...roots]
        .filter(([root]) => !this.blobs.has(root))
        .map(([piecesRoot, length]) => ({ piecesRoot, length, have: 0 })),
    };
  }

  async #takeBlobs(request: IncomingMessage): Promise<unknown> {
    const entries = extract();
    const feeding = feed(entries, request);
    for await (const entry of entries) {
      let lengthBytes = 0;
      for await (const chunk of chunksOf(entry)) lengthBytes += chunk.length;
      this.blobs.set(entry.header.name, lengthBytes);
    }
    await feeding;
    return { stored: this.blobs.size, bytes: 0 };
  }

  #publish({ targets, documents = [] }: PutTargetsRequest): void {
    const [root, current] = [
      this.files.get('1.root.json') ?? Buffer.of(),
      this.files.get(`${this.versions.targets}.targets.json`),
    ];
    const next = Buffer.from(targets);
    const found = JSON.parse(targets) as { signed: { version: number } };
    if (found.signed.version !== this.versions.targets + 1) throw new Refusal('targets_version_conflict');
    const verified = verifyNextTargets({ game: 'starfall', root, current, next, nowMs: Date.now() });
    for (const { path, base64 } of documents) this.documents.set(path, decode(base64));
    for (const [path, { sha256 }] of verified.targets) {
      const document = this.documents.get(path);
      if (document && describeTarget(document).sha256 === sha256)
        this.files.set(targetFileName(path, sha256), document);
    }
    this.#accept(verified.version, next);
  }

  #accept(targetsVersion: number, targets: Uint8Array): void {
    const version = this.versions.online + 1;
    const head = { game: 'starfall', version, signers: [this.online] };
    const snapshot = createSnapshot({ ...head, expiresMs: expiryOf('snapshot', Date.now()), targetsVersion, targets });
    const timestamp = createTimestamp({
      ...head,
      expiresMs: expiryOf('timestamp', Date.now()),
      snapshotVersion: version,
      snapshot,
    });
    this.versions = { targets: targetsVersion, online: version };
    this.files
      .set(`${targetsVersion}.targets.json`, targets)
      .set(`${version}.snapshot.json`, snapshot)
      .set('timestamp.json', timestamp);
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
