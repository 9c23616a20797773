import { Buffer } from 'node:buffer';

import { type Metainfo, pieceLayerKey, type PieceLayers } from '@swarmpatch/metainfo';
import { HASH_LENGTH_BYTES, heightOver, MerkleError, pieceHeight, rootFromProof } from '@swarmpatch/merkle';
import { BLOCK_LENGTH_BYTES, hashReplyLength, type HashSpan } from '@swarmpatch/peer-wire';

/** Piece hashes of one request; BEP 52 advises no more. */
export const LAYER_HASHES_PER_REQUEST_MAX = 512;
/** Requests for piece hashes that one peer has to answer at a time. */
export const LAYER_REQUESTS_PER_PEER_MAX = 4;
/** Requests that one peer may leave unanswered or reject. */
export const LAYER_FAILURES_MAX = 32;
/** A request that is not answered by then goes to another peer. */
const LAYER_TIMEOUT_MS = 10_000;

interface LayerPart {
  readonly span: HashSpan;
  readonly file: LayerFile;
  /** Peers that said no, or nothing, or what is not true. */
  readonly failedBy: Set<number>;
}

interface AskedPart {
  readonly part: LayerPart;
  readonly by: number;
  readonly atMs: number;
}

interface LayerFile {
  readonly root: Uint8Array;
  readonly layer: Uint8Array;
}

/**
 * The piece layers of a v2 or hybrid torrent from peers, with proofs (BEP 52): a magnet link brings none. Each part is checked
 * up to the pieces root when it comes, so its sender answers for it.
 */
export class LayerFetch {
  readonly #files: LayerFile[] = [];
  readonly #waiting = new Set<LayerPart>();
  readonly #asked = new Map<string, AskedPart>();
  readonly #failures = new Map<number, number>();

  constructor(metainfo: Metainfo) {
    const { pieceLengthBytes } = metainfo;
    const seen = new Set<string>();
    for (const [index, { piecesRoot, lengthBytes }] of metainfo.files.entries()) {
      if (!piecesRoot || lengthBytes <= pieceLengthBytes || metainfo.pieceHashes.layers[index]) continue;
      const key = pieceLayerKey(piecesRoot);
      if (seen.has(key)) continue;
      seen.add(key);
      const pieceCount = Math.ceil(lengthBytes / pieceLengthBytes);
      const file = { root: piecesRoot, layer: new Uint8Array(pieceCount * HASH_LENGTH_BYTES) };
      this.#files.push(file);
      const height = heightOver(Math.ceil(lengthBytes / BLOCK_LENGTH_BYTES));
      for (const span of spansOf(piecesRoot, pieceCount, pieceHeight(pieceLengthBytes), height)) {
        this.#waiting.add({ span, file, failedBy: new Set() });
      }
    }
  }

  get isComplete(): boolean {
    return this.#waiting.size === 0 && this.#asked.size === 0;
  }

  /** What to ask this peer for now. */
  ask(peer: number, nowMs: number): HashSpan[] {
    const spans: HashSpan[] = [];
    if ((this.#failures.get(peer) ?? 0) >= LAYER_FAILURES_MAX) return spans;
    let underWay = 0;
    for (const { by } of this.#asked.values()) if (by === peer) underWay += 1;
    for (const part of this.#waiting) {
      if (underWay >= LAYER_REQUESTS_PER_PEER_MAX) break;
      if (part.failedBy.has(peer)) continue;
      this.#waiting.delete(part);
      this.#asked.set(keyOf(peer, part.span), { part, by: peer, atMs: nowMs });
      underWay += 1;
      spans.push(part.span);
    }
    return spans;
  }

  /** Whether the reply was proven; `unknown` when it answers nothing that this peer was asked for. */
  received(peer: number, reply: HashSpan & { readonly hashes: Uint8Array }): 'proven' | 'wrong' | 'unknown' {
    const key = keyOf(peer, reply);
    const asked = this.#asked.get(key);
    if (!asked) return 'unknown';
    const { file } = asked.part;
    if (!isProven(reply, file.root)) {
      this.#failed(key, asked);
      return 'wrong';
    }
    const begin = reply.index * HASH_LENGTH_BYTES;
    const wantedBytes = Math.min(reply.length * HASH_LENGTH_BYTES, file.layer.length - begin);
    file.layer.set(reply.hashes.subarray(0, wantedBytes), begin);
    this.#asked.delete(key);
    return 'proven';
  }

  rejected(peer: number, span: HashSpan): void {
    const key = keyOf(peer, span);
    const asked = this.#asked.get(key);
    if (asked) this.#failed(key, asked);
  }

  /** The connection is over. */
  left(peer: number): void {
    this.#failures.delete(peer);
    for (const [key, { part, by }] of this.#asked) {
      if (by !== peer) continue;
      this.#asked.delete(key);
      this.#waiting.add(part);
    }
  }

  /** Takes back what was asked for too long ago. */
  tick(nowMs: number): void {
    for (const [key, asked] of this.#asked) if (nowMs - asked.atMs >= LAYER_TIMEOUT_MS) this.#failed(key, asked);
  }

  /** All of them, once complete. */
  layers(): PieceLayers {
    return new Map(this.#files.map(({ root, layer }) => [pieceLayerKey(root), layer]));
  }

  #failed(key: string, { part, by }: AskedPart): void {
    this.#asked.delete(key);
    part.failedBy.add(by);
    this.#waiting.add(part);
    this.#failures.set(by, (this.#failures.get(by) ?? 0) + 1);
  }
}

function keyOf(peer: number, { piecesRoot, baseLayer, index, length, proofLayers }: HashSpan): string {
  return [peer, pieceLayerKey(piecesRoot), baseLayer, index, length, proofLayers].join(' ');
}

function spansOf(piecesRoot: Uint8Array, pieceCount: number, baseLayer: number, rootHeight: number): HashSpan[] {
  const spans: HashSpan[] = [];
  for (let index = 0; index < pieceCount; index += LAYER_HASHES_PER_REQUEST_MAX) {
    const length = Math.max(2, 2 ** heightOver(Math.min(LAYER_HASHES_PER_REQUEST_MAX, pieceCount - index)));
    spans.push({ piecesRoot, baseLayer, index, length, proofLayers: rootHeight - baseLayer - 1 });
  }
  return spans;
}

function isProven(reply: HashSpan & { readonly hashes: Uint8Array }, root: Uint8Array): boolean {
  if (reply.hashes.length !== hashReplyLength(reply) * HASH_LENGTH_BYTES) return false;
  const baseBytes = reply.length * HASH_LENGTH_BYTES;
  try {
    const found = rootFromProof(
      reply.hashes.subarray(0, baseBytes),
      reply.baseLayer,
      reply,
      reply.hashes.subarray(baseBytes),
    );
    return Buffer.compare(found, root) === 0;
  } catch (error) {
    if (error instanceof MerkleError) return false;
    throw error;
  }
}
