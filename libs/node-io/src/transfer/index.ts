export { fetchMetadata, type FetchMetadataOptions } from './fetch-metadata.ts';
export { FilePieceStore, type FilePieceStoreOptions, OPEN_FILES_MAX } from './file-piece-store.ts';
export type { ListenAddress } from './peer-listener.ts';
export { startTransfer, Transfer, type TransferLimits, type TransferOptions, type TransferStats } from './transfer.ts';
export { TransferError, type TransferErrorCode } from './transfer-error.ts';
