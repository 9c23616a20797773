import { Buffer } from 'node:buffer';
import { parseTorrent } from '@swarmpatch/metainfo';
import type { DescribedRelease } from '@swarmpatch/plan';
import { assertManifestMatchesTorrent, type Manifest } from '@swarmpatch/release';

/**
 * A manifest with the piece layers of its torrent.
 *
 * @throws {MetainfoError}; {ReleaseError} `torrent_mismatch`
 */
export function describeRelease(manifest: Manifest, torrentBytes: Uint8Array): DescribedRelease {
  const metainfo = parseTorrent(torrentBytes);
  assertManifestMatchesTorrent(manifest, metainfo);
  const layers = new Map<string, Uint8Array>();
  for (const [index, { piecesRoot }] of metainfo.files.entries()) {
    const layer = metainfo.pieceHashes.layers[index];
    if (piecesRoot !== undefined && layer !== undefined) layers.set(Buffer.from(piecesRoot).toString('hex'), layer);
  }
  return { manifest, layers };
}
