import { Buffer } from 'node:buffer';

import type { BencodeDictionary } from '@swarmpatch/bencode';
import { HASH_LENGTH_BYTES, rootOfLayer } from '@swarmpatch/merkle';

import { quote } from './entry.ts';
import { MetainfoError } from './metainfo-error.ts';
import type { Metainfo, TorrentFile } from './metainfo.ts';

/** Piece layers by pieces root; keys hold one character per byte. */
export type PieceLayers = ReadonlyMap<string, Uint8Array>;

/** What to make of a layer that is not there: peers may have it (BEP 52). */
export type MissingLayers = 'refuse' | 'leave';

export function pieceLayerKey(piecesRoot: Uint8Array): string {
  return Buffer.from(piecesRoot.buffer, piecesRoot.byteOffset, piecesRoot.byteLength).toString('latin1');
}

/** Reads the "piece layers" of a torrent file (BEP 52), unchecked. @throws {MetainfoError} `bad_piece_layer` */
export function pieceLayersFrom(dictionary: BencodeDictionary | undefined): PieceLayers {
  const layers = new Map<string, Uint8Array>();
  for (const [root, node] of dictionary ?? []) {
    if (node.kind !== 'string') {
      throw new MetainfoError(
        'bad_piece_layer',
        `read "piece layers": found a value that is a ${node.kind}, a string of hashes is wanted`,
      );
    }
    layers.set(root, node.bytes);
  }
  return layers;
}

/**
 * The layer of each file that has more than one piece, checked against its pieces root; undefined for those that are still to
 * be fetched.
 *
 * @param layers Undefined where none is there yet.
 * @throws {MetainfoError} `bad_piece_layer`
 */
export function readPieceLayers(
  files: readonly TorrentFile[],
  pieceLengthBytes: number,
  layers: PieceLayers | undefined,
  missingLayers: MissingLayers = 'refuse',
): (Uint8Array | undefined)[] {
  return files.map(({ path, lengthBytes, piecesRoot }) => {
    if (!layers || !piecesRoot || lengthBytes <= pieceLengthBytes) return undefined;
    const layer = layers.get(pieceLayerKey(piecesRoot));
    if (!layer && missingLayers === 'leave') return undefined;
    const wanted = Math.ceil(lengthBytes / pieceLengthBytes);
    if (layer?.length !== wanted * HASH_LENGTH_BYTES) {
      throw new MetainfoError(
        'bad_piece_layer',
        `read the piece layer of ${quote(path)}: found ${layer?.length ?? 'no'} bytes, ${wanted} hashes of ${HASH_LENGTH_BYTES} are wanted`,
        path,
      );
    }
    if (Buffer.compare(rootOfLayer(layer, pieceLengthBytes, lengthBytes), piecesRoot) !== 0) {
      throw new MetainfoError(
        'bad_piece_layer',
        `check the piece layer of ${quote(path)}: its hashes do not lead to the pieces root`,
        path,
      );
    }
    return layer;
  });
}

/** The layers of a torrent that was read, to be written again beside the same info dictionary; undefined for v1. */
export function pieceLayersOf(metainfo: Metainfo): PieceLayers | undefined {
  if (metainfo.format === 'v1') return undefined;
  const layers = new Map<string, Uint8Array>();
  for (const [index, layer] of metainfo.pieceHashes.layers.entries()) {
    const root = metainfo.files[index]?.piecesRoot;
    if (layer && root) layers.set(pieceLayerKey(root), layer);
  }
  return layers;
}
