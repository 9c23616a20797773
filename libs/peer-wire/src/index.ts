export { ALLOWED_FAST_PIECES, allowedFastSet } from './allowed-fast.ts';
export { EncryptionInitiator, type EncryptionInitiatorOptions } from './encryption/encryption-initiator.ts';
export {
  type CryptoMethod,
  type EncryptionPolicy,
  encryptionRules,
  type EncryptionRules,
  type StreamOpening,
} from './encryption/encryption-policy.ts';
export { EncryptionResponder, type EncryptionResponderOptions } from './encryption/encryption-responder.ts';
export type { RandomBytes } from './encryption/key-exchange.ts';
export type { HandshakeStep, SettledStream } from './encryption/settled-stream.ts';
export { type StreamCipher, StreamKeys } from './encryption/stream-keys.ts';
export {
  DHT_FAMILIES,
  DHT_PEER_BYTES,
  type DhtContact,
  type DhtFamily,
  packDhtContacts,
  readDhtContacts,
} from './dht-contact.ts';
export {
  askForNodes,
  DHT_PACKET_BYTES_MAX,
  DHT_REPLY_BYTES_MAX,
  DHT_TOKENS_MAX,
  DHT_TRANSACTION_ID_BYTES_MAX,
  DHT_WRITE_TOKEN_BYTES_MAX,
  type DhtFailure,
  type DhtMessage,
  type DhtQuery,
  type DhtReply,
  encodeDhtReply,
  readDhtMessage,
} from './dht-message.ts';
export { DONT_HAVE_EXTENSION, encodeDontHave, parseDontHave } from './extensions/dont-have-message.ts';
export {
  encodeExtensionHandshake,
  EXTENSION_HANDSHAKE_ID,
  EXTENSIONS_MAX,
  type ExtensionHandshake,
  parseExtensionHandshake,
} from './extensions/extension-handshake.ts';
export { type Capabilities, encodeHandshake, type Handshake, HANDSHAKE_BYTES, parseHandshake } from './handshake.ts';
export { BITFIELD_BYTES_MAX, BLOCK_LENGTH_BYTES, HASHES_BYTES_MAX, MESSAGE_BYTES_MAX } from './limits.ts';
export type { BlockSpan, HashSpan, WireMessage } from './message.ts';
export { encodeBlockHeader, encodeMessages, messageLengthBytes } from './message-codec.ts';
export {
  encodeMetadataMessage,
  METADATA_EXTENSION,
  METADATA_PIECE_BYTES,
  type MetadataMessage,
  parseMetadataMessage,
} from './extensions/metadata-message.ts';
export {
  encodePexMessage,
  parsePexMessage,
  PEX_CONTACTS_MAX,
  PEX_CONTACTS_READ_MAX,
  PEX_EXTENSION,
  PEX_FLAGS,
  type PexAdded,
  type PexContact,
  type PexMessage,
} from './extensions/pex-message.ts';
export { HASH_REQUEST_LENGTH_MAX, hashReplyLength, isHashRequest } from './hash-span.ts';
export {
  encodeLanAnnounce,
  LAN_COOKIE_CHARACTERS_MAX,
  LAN_GROUPS,
  LAN_INFOHASHES_MAX,
  LAN_PACKET_BYTES_MAX,
  type LanAnnounce,
  parseLanAnnounce,
} from './lan-announce.ts';
export { PeerWire, type PeerWireOptions, type WireEvent } from './peer-wire.ts';
export { ProtocolError, type ProtocolErrorCode } from './protocol-error.ts';
