export { createInfo, inTorrentOrder } from './create-info.ts';
export type { CreateInfoOptions, CreatedInfo, HashedFile } from './create-info.ts';
export { encodeTorrent } from './encode-torrent.ts';
export type { TorrentParts } from './encode-torrent.ts';
export { layOut } from './layout.ts';
export type { Layout, LayoutOptions } from './layout.ts';
export {
  COMMENT_BYTES_MAX,
  DHT_NODES_MAX,
  FILE_COUNT_MAX,
  TORRENT_BYTES_MAX,
  TRACKERS_MAX,
  URL_CHARACTERS_MAX,
  WEB_SEEDS_MAX,
} from './limits.ts';
export {
  MAGNET_CHARACTERS_MAX,
  MAGNET_FILE_RANGES_MAX,
  MAGNET_PEERS_MAX,
  formatMagnet,
  parseMagnet,
} from './magnet.ts';
export type { FileRange, Magnet, PeerEndpoint } from './magnet.ts';
export { MetainfoError } from './metainfo-error.ts';
export type { MetainfoErrorCode } from './metainfo-error.ts';
export { pathInDownload } from './metainfo.ts';
export type { DhtNode, Metainfo, PieceHashes, TorrentFile, TorrentFormat } from './metainfo.ts';
export { parseInfo } from './parse-info.ts';
export type { ParseInfoOptions } from './parse-info.ts';
export { isTrackerUrl, isWebSeedUrl, parseTorrent } from './parse-torrent.ts';
export type { ParseTorrentOptions } from './parse-torrent.ts';
export {
  PATH_BYTES_MAX,
  PATH_COMPONENT_BYTES_MAX,
  PATH_DEPTH_MAX,
  checkPath,
  describePathProblem,
  findComponentProblem,
  comparePaths,
  findPathCollisions,
  findPathProblem,
  foldPath,
  pathSortKey,
} from './path-rules.ts';
export type { PathCollision, PathProblem } from './path-rules.ts';
export { PIECE_COUNT_MAX, PIECE_LENGTH_BYTES_MAX, PieceGeometry, TORRENT_LENGTH_BYTES_MAX } from './piece-geometry.ts';
export type { FileSpan, PieceRange, PlacedFile } from './piece-geometry.ts';
export { pieceLayerKey, pieceLayersOf } from './piece-layers.ts';
export type { PieceLayers } from './piece-layers.ts';
export { choosePieceLength } from './piece-length.ts';
export { PieceVerifier, matchesDigest, verifyPiece } from './piece-verifier.ts';
export type { PieceDigest } from './piece-verifier.ts';
export { RESUME_DATA_BYTES_MAX, decodeResumeData, encodeResumeData } from './resume-data.ts';
export type { FileStamp, ResumeData } from './resume-data.ts';
export { linkTextTo, targetOfLink } from './symlink.ts';
