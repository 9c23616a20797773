import { hash } from 'node:crypto';
import { ReleasePieces, type InstalledRelease } from '@swarmpatch/install';
import { createInfo, encodeTorrent, inTorrentOrder, parseTorrent } from '@swarmpatch/metainfo';
import { encodeManifest, torrentName, type Manifest } from '@swarmpatch/release';
import type { Build } from '../builds/index.ts';
import { hashesOf } from './memory-hasher.ts';

/** A release with its signed documents and its content, all in memory. */
export interface MemoryRelease {
  build: Build;
  manifest: Manifest;
  manifestBytes: Uint8Array;
  torrentBytes: Uint8Array;
  pieces: ReleasePieces;
  installed: InstalledRelease;
  /** The bytes of one piece, without padding. */
  piece(index: number): { fileIndex: number; offsetBytes: number; data: Uint8Array };
}

/** Publishes a build as a v2 torrent; nothing of it is signed. */
export function releaseInMemory(build: Build, version: string, pieceLengthBytes = 16_384): MemoryRelease {
  const files = inTorrentOrder(build);
  const hashed = files.map(({ path, content, executable, symlink }) => ({
    path,
    lengthBytes: content.length,
    executable,
    ...(symlink === undefined ? {} : { symlink }),
    ...(content.length === 0 ? {} : hashesOf(content, pieceLengthBytes)),
  }));
  const name = torrentName('starfall', version);
  const info = createInfo(hashed, { name, format: 'v2', pieceLengthBytes, isSingleFile: false });
  const torrentBytes = encodeTorrent(info);
  const metainfo = parseTorrent(torrentBytes);
  const manifest: Manifest = {
    format: 1,
    game: 'starfall',
    version,
    name,
    files: hashed.map(({ path, lengthBytes, executable, symlink, piecesRoot }) => ({
      path,
      length: lengthBytes,
      ...(piecesRoot === undefined ? {} : { piecesRoot: Buffer.from(piecesRoot).toString('hex') }),
      ...(executable ? { executable: true as const } : {}),
      ...(symlink === undefined ? {} : { symlink }),
    })),
    bytes: hashed.reduce((sum, file) => sum + file.lengthBytes, 0),
    torrent: {
      infohashV1: '0'.repeat(40),
      infohashV2: Buffer.from(metainfo.infohashV2 ?? []).toString('hex'),
      pieceLength: pieceLengthBytes,
    },
    webSeeds: [],
  };
  const manifestBytes = encodeManifest(manifest);
  return {
    build,
    manifest,
    manifestBytes,
    torrentBytes,
    pieces: new ReleasePieces(manifest, metainfo),
    installed: { version, manifestSha256: hash('sha256', manifestBytes), torrentSha256: hash('sha256', torrentBytes) },
    piece: (index) => {
      const [span] = metainfo.geometry.filesOfPiece(index);
      if (span === undefined) throw new RangeError(`piece ${index}: found ${metainfo.pieceCount} pieces`);
      const { fileIndex, fileOffsetBytes, lengthBytes } = span;
      const content = files[fileIndex]?.content ?? new Uint8Array();
      return {
        fileIndex,
        offsetBytes: fileOffsetBytes,
        data: content.subarray(fileOffsetBytes, fileOffsetBytes + lengthBytes),
      };
    },
  };
}
