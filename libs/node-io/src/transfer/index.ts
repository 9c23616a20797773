export { type FetchedMagnet, fetchMagnet, type FetchMagnetOptions, type PeerDiscovery } from './fetch-magnet.ts';
export { FilePieceStore, type FilePieceStoreOptions, OPEN_FILES_MAX } from './file-piece-store.ts';
export type { ListenAddress } from './peer-listener.ts';
export type { OfferedFiles } from './offered-files.ts';
export { ResumeFile, type ResumeFileOptions } from './resume-file.ts';
export { hasAllHashes } from './torrent-identity.ts';
export { Transfer } from './transfer.ts';
export type {
  SessionOptions,
  TorrentOptions,
  TransferLimits,
  TransferOptions,
  TransferStats,
} from './transfer-options.ts';
export { TransferError, type TransferErrorCode } from './transfer-error.ts';
export type { DhtSettings, DiscoveryOptions } from './session-discovery.ts';
export { type MagnetOptions, SESSION_CONNECTIONS_MAX, startTransfer, TransferSession } from './transfer-session.ts';
