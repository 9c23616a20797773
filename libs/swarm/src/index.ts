export { Bitfield, bitfieldBytes } from './pieces/bitfield.ts';
export { BlockLayout } from './pieces/block-layout.ts';
export { CHOKE_ROUND_MS, UPLOAD_SLOTS } from './uploads/choker.ts';
export type { DisconnectReason, SwarmCommand, WebRun } from './command.ts';
export { addressKey, type PeerAddress } from './peers/peer-address.ts';
export { CONNECTIONS_MAX, DIALS_MAX, KNOWN_PEERS_MAX, type PeerOrigin } from './peers/peer-book.ts';
export type { NewPeer } from './peers/peer-registry.ts';
export type { SelfDescription } from './extensions/extensions.ts';
export type { PieceSlots, PieceStore } from './ports.ts';
export { HELD_BYTES_MAX, Swarm } from './swarm.ts';
export type { SwarmOptions, SwarmStats } from './swarm-options.ts';
export type { SourceState } from './web/source-state.ts';
export { URGENT_PRIORITY } from './web/urgent-pieces.ts';
export type { WebPiece } from './web/web-seeds.ts';
export { TokenBucket } from './rates/token-bucket.ts';
export {
  METADATA_BYTES_MAX,
  MetadataDownload,
  type MetadataIdentity,
  type MetadataStep,
} from './extensions/metadata-download.ts';
