/** An origin for specs: real signed metadata and content of real torrents, behind a plain HTTP server. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PatchSummary } from '@swarmpatch/api-contract';
import { createPatchFile, locateDirectory } from '@swarmpatch/node-io/delta';
import { createTorrentFrom } from '@swarmpatch/node-io/hashing';
import { generateSigningKey } from '@swarmpatch/node-io/keys';
import {
  createManifest,
  encodeChannelRecord,
  encodeManifest,
  encodePatchListing,
  moveChannel,
  patchName,
  patchRange,
  torrentName,
  type ChannelRecord,
  type Manifest,
  type PatchEntry,
} from '@swarmpatch/release';
import { writeBuild, type Build } from '@swarmpatch/testkit';
import {
  channelTargetPath,
  createPatches,
  createRoot,
  createSnapshot,
  createTargets,
  createTimestamp,
  describeTarget,
  expiryOf,
  manifestTargetPath,
  PATCH_LISTING_TARGET_PATH,
  rootFingerprintOf,
  signerFromPem,
  targetFileName,
  torrentTargetPath,
  type RoleKeys,
  type Signer,
  type TargetInfo,
} from '@swarmpatch/trust';

const GAME = 'starfall';

type CreatedTorrent = Awaited<ReturnType<typeof createTorrentFrom>>;
/** Of builds, by name: the tests of a file publish the same ones, each to an origin of its own. */
const torrents = new WeakMap<Build, Map<string, CreatedTorrent>>();

export class SmallOrigin {
  readonly #server: Server;
  readonly #scratch: string;
  readonly #root = signerFromPem(generateSigningKey().privateKeyPem);
  readonly #release = signerFromPem(generateSigningKey().privateKeyPem);
  readonly #online = signerFromPem(generateSigningKey().privateKeyPem);
  readonly #trustFiles = new Map<string, Uint8Array>();
  readonly #targets = new Map<string, TargetInfo>();
  readonly #streams = new Map<string, Uint8Array>();
  readonly #builds = new Map<string, Build>();
  readonly #manifests = new Map<string, Manifest>();
  /** By their path in a URL. */
  readonly #patchFiles = new Map<string, Uint8Array>();
  /** By their names, as they are honestly made. */
  readonly #madePatches = new Map<string, Buffer>();
  #patches: PatchEntry[] = [];
  #channel: ChannelRecord | undefined;
  #version = 0;
  #hasTorrents = true;
  readonly #listeners = new Set<ServerResponse>();
  /** Bytes of release streams that were sent. */
  streamedBytes = 0;
  /** Bytes of patches that were sent. */
  patchBytes = 0;
  /** What it says of patches in the making; nothing unless given. */
  patchStates: PatchSummary[] | undefined;
  /** How often it was asked whether there is anything new. */
  timestampCount = 0;

  private constructor(server: Server, scratch: string) {
    this.#server = server;
    this.#scratch = scratch;
  }

  /** @param scratch A directory for the builds that are published. */
  static async start(scratch: string): Promise<SmallOrigin> {
    const server = createServer();
    const origin = new SmallOrigin(server, scratch);
    server.on('request', (request, response) => {
      origin.#answer(request, response);
    });
    const role = ({ key }: Signer): RoleKeys => ({ keys: [key], threshold: 1 });
    origin.#trustFiles.set(
      '1.root.json',
      createRoot({
        game: GAME,
        version: 1,
        expiresMs: expiryOf('root', Date.now()),
        signers: [origin.#root],
        roles: {
          root: role(origin.#root),
          targets: role(origin.#release),
          snapshot: role(origin.#online),
          timestamp: role(origin.#online),
        },
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return origin;
  }

  get fingerprint(): string {
    return rootFingerprintOf([this.#root.key], 1);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async publish(build: Build, version: string): Promise<void> {
    this.#builds.set(version, build);
    const { torrentBytes, metainfo } = await this.#torrentOf(build, version);
    const manifest = createManifest({ game: GAME, version, metainfo, webSeeds: [] });
    const contents = new Map(build.map((file) => [file.path, file.content]));
    this.#streams.set(version, Buffer.concat(manifest.files.map(({ path }) => contents.get(path) ?? new Uint8Array())));
    this.#manifests.set(version, manifest);
    this.#addTarget(manifestTargetPath(version), encodeManifest(manifest));
    this.#addTarget(torrentTargetPath(version), torrentBytes);
    this.#channel = moveChannel(this.#channel, { game: GAME, channel: 'stable', version, rollout: undefined });
    this.#addTarget(channelTargetPath('stable'), encodeChannelRecord(this.#channel));
    this.#sign();
  }

  /**
   * Offers a patch between two releases that are published, in place of one that was offered before.
   *
   * @param change Makes another patch of it before its torrent is made, as a lying origin does.
   * @returns its length.
   */
  async offerPatch(from: string, to: string, change = (patch: Buffer): Buffer => patch): Promise<number> {
    const [older, newer] = [this.#manifests.get(from), this.#manifests.get(to)];
    if (older === undefined || newer === undefined) throw new RangeError(`patch ${from} to ${to}: not published`);
    const name = patchName(GAME, from, to);
    const path = join(this.#scratch, name);
    const made = this.#madePatches.get(name) ?? (await this.#makePatch(from, to));
    this.#madePatches.set(name, made);
    const patch = change(Buffer.from(made));
    await writeFile(path, patch);
    const { torrentBytes, metainfo } = await createTorrentFrom(path, { name, pieceLengthBytes: 16_384 });
    const hex = (infohash: Uint8Array = new Uint8Array()): string => Buffer.from(infohash).toString('hex');
    const range = patchRange(from, to);
    this.#patchFiles.set(`/torrents/${GAME}/${range}.torrent`, torrentBytes);
    this.#patchFiles.set(`/content/${GAME}/${range}/${name}`, patch);
    this.#patches = this.#patches.filter((patch) => patch.from !== from || patch.to !== to);
    this.#patches.push({
      from,
      to,
      fromInfohashV2: older.torrent.infohashV2,
      toInfohashV2: newer.torrent.infohashV2,
      bytes: patch.length,
      torrent: { infohashV1: hex(metainfo.infohashV1), infohashV2: hex(metainfo.infohashV2) },
      writtenBytes: newer.bytes,
      oldReadBytes: older.bytes,
    });
    this.#sign();
    return patch.length;
  }

  /** Changes one byte of a patch that is served, or takes it away. @returns what makes it good again. */
  spoilPatch(from: string, to: string, how: 'change' | 'remove'): () => void {
    const path = `/content/${GAME}/${patchRange(from, to)}/${patchName(GAME, from, to)}`;
    const patch = Buffer.from(this.#patchFiles.get(path) ?? []);
    const spoilt = Buffer.from(patch);
    spoilt[spoilt.length >> 1] = (spoilt[spoilt.length >> 1] ?? 0) ^ 1;
    if (how === 'remove') this.#patchFiles.delete(path);
    else this.#patchFiles.set(path, spoilt);
    return () => {
      this.#patchFiles.set(path, patch);
    };
  }

  /** Has no torrents of patches to give for a while. @returns what ends it. */
  failTorrents(): () => void {
    this.#hasTorrents = false;
    return () => {
      this.#hasTorrents = true;
    };
  }

  /** Shows metadata that was signed long ago, as an attacker does who holds news back. */
  freeze(): void {
    this.#sign(Date.now() - 1000);
  }

  /** Changes one byte of a release's stream. */
  corrupt(version: string, offsetBytes: number): void {
    const stream = this.#streams.get(version);
    if (stream !== undefined) stream[offsetBytes] = (stream[offsetBytes] ?? 0) ^ 1;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** @returns the directory where a published build then lies. */
  async #lay(version: string): Promise<string> {
    const directory = join(this.#scratch, version);
    await rm(directory, { recursive: true, force: true });
    await writeBuild(this.#builds.get(version) ?? [], directory);
    return directory;
  }

  async #torrentOf(build: Build, version: string): Promise<CreatedTorrent> {
    const name = torrentName(GAME, version);
    const known = torrents.get(build) ?? new Map<string, CreatedTorrent>();
    torrents.set(build, known);
    const torrent =
      known.get(name) ?? (await createTorrentFrom(await this.#lay(version), { name, pieceLengthBytes: 16_384 }));
    known.set(name, torrent);
    return torrent;
  }

  async #makePatch(from: string, to: string): Promise<Buffer> {
    const out = join(this.#scratch, `${patchRange(from, to)}.made`);
    const [old, made] = [await locateDirectory(await this.#lay(from)), await locateDirectory(await this.#lay(to))];
    await createPatchFile({ old, new: made, out, effort: 1 });
    return readFile(out);
  }

  #addTarget(path: string, bytes: Uint8Array): void {
    const target = describeTarget(bytes);
    this.#targets.set(path, target);
    this.#trustFiles.set(targetFileName(path, target.sha256), bytes);
  }

  #sign(expiresMs = expiryOf('timestamp', Date.now())): void {
    this.#version += 1;
    const version = this.#version;
    const head = { game: GAME, version, expiresMs };
    const listing = encodePatchListing({ format: 1, game: GAME, patches: this.#patches });
    const target = describeTarget(listing);
    const patches = createPatches({ ...head, signers: [this.#online], listing: target });
    this.#trustFiles.set(targetFileName(PATCH_LISTING_TARGET_PATH, target.sha256), listing);
    this.#trustFiles.set(`${version}.patches.json`, patches);
    const targets = createTargets({
      ...head,
      signers: [this.#release],
      targets: this.#targets,
      patchesKey: this.#online.key,
    });
    const snapshot = createSnapshot({
      ...head,
      signers: [this.#online],
      targetsVersion: version,
      targets,
      patches: { version, bytes: patches },
    });
    const timestamp = createTimestamp({ ...head, signers: [this.#online], snapshotVersion: version, snapshot });
    this.#trustFiles.set(`${version}.targets.json`, targets);
    this.#trustFiles.set(`${version}.snapshot.json`, snapshot);
    this.#trustFiles.set('timestamp.json', timestamp);
    this.tell(`event: channel\ndata: ${JSON.stringify({ name: 'stable', version: this.#channel?.version })}\n\n`);
  }

  /** Sends to all who listen to news. */
  tell(text: string): void {
    for (const response of this.#listeners) response.write(text);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  #listen(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: snapshot\ndata: {}\n\n');
    this.#listeners.add(response);
    response.once('close', () => this.#listeners.delete(response));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? '/', this.url).pathname;
    if (path === '/api/service') {
      sendJson(response, {
        name: 'small',
        version: '1.0.0',
        publicUrl: this.url,
        trackers: ['udp://192.0.2.1:80/announce'],
      });
    } else if (path === `/api/games/${GAME}`) {
      sendJson(response, { id: GAME, title: GAME, state: 'ready', rootFingerprint: this.fingerprint, channels: [] });
    } else if (path === `/api/games/${GAME}/events`) {
      this.#listen(response);
    } else if (path.endsWith('/patches') && this.patchStates !== undefined) {
      sendJson(response, { patches: this.patchStates });
    } else if (path.startsWith(`/streams/${GAME}/`)) {
      this.streamedBytes += sendRange(request, response, this.#streams.get(path.slice(`/streams/${GAME}/`.length)));
    } else if (path.startsWith('/torrents/') && !this.#hasTorrents) {
      response.writeHead(503).end();
    } else if (path.startsWith('/torrents/') || path.startsWith('/content/')) {
      const sentBytes = sendRange(request, response, this.#patchFiles.get(decodeURIComponent(path)));
      if (path.startsWith('/content/')) this.patchBytes += sentBytes;
    } else {
      if (path.endsWith('/timestamp.json')) this.timestampCount += 1;
      const file = this.#trustFiles.get(path.slice(`/trust/${GAME}/`.length));
      response.writeHead(file === undefined ? 404 : 200).end(file);
    }
  }
}

/** @returns how many bytes. */
function sendRange(request: IncomingMessage, response: ServerResponse, whole: Uint8Array | undefined): number {
  if (whole === undefined) {
    response.writeHead(404).end();
    return 0;
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const begin = Number(range?.[1] ?? 0);
  const body = whole.subarray(begin, Number(range?.[2] ?? whole.length - 1) + 1);
  const contentRange = { 'content-range': `bytes ${begin}-${begin + body.length - 1}/${whole.length}` };
  response
    .writeHead(range === null ? 200 : 206, { 'content-length': body.length, ...(range !== null && contentRange) })
    .end(body);
  return body.length;
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
