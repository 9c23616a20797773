export { fetchPieces, WEB_SEED_REQUESTS_MAX, WEB_SEED_WINDOW_BYTES_MAX } from './fetch-pieces.ts';
export { fileUrl, type SeededTorrent } from './fetch-plan.ts';
export type { FetchedPiece, FetchOptions, PieceRun, WebSeed } from './web-seed.ts';
export { WebSeedError, type WebSeedErrorCode } from './web-seed-error.ts';
