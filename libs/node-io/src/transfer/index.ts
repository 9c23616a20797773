export { fetchMetadata, type FetchMetadataOptions } from './fetch-metadata.ts';
export { FilePieceStore, type FilePieceStoreOptions, OPEN_FILES_MAX } from './file-piece-store.ts';
export type { ListenAddress } from './peer-listener.ts';
export { startTransfer, Transfer } from './transfer.ts';
export type { TransferLimits, TransferOptions, TransferStats } from './transfer-options.ts';
export { TransferError, type TransferErrorCode } from './transfer-error.ts';
