/** A block, by its place. `begin` and `lengthBytes` are bytes within the piece. */
export interface BlockSpan {
  readonly piece: number;
  readonly begin: number;
  readonly lengthBytes: number;
}

/** A run of hashes of one file's tree (BEP 52). `baseLayer` 0 is the layer of blocks. */
export interface HashSpan {
  /** 32 bytes. */
  readonly piecesRoot: Uint8Array;
  readonly baseLayer: number;
  readonly index: number;
  readonly length: number;
  readonly proofLayers: number;
}

export type SimpleKind =
  'choke' | 'unchoke' | 'interested' | 'not_interested' | 'have_all' | 'have_none' | 'keep_alive';
export type PieceKind = 'have' | 'suggest' | 'allowed_fast';
export type SpanKind = 'request' | 'cancel' | 'reject';
export type HashKind = 'hash_request' | 'hash_reject';

/** Messages of BEP 3, 6, 10 and 52. What `receive` yields views the socket's bytes and is good until the next is taken. */
export type WireMessage =
  | { readonly kind: SimpleKind }
  | { readonly kind: PieceKind; readonly piece: number }
  | ({ readonly kind: SpanKind } & BlockSpan)
  /** Bit 7 of byte 0 is piece 0. */
  | { readonly kind: 'bitfield'; readonly bits: Uint8Array }
  | { readonly kind: 'block'; readonly piece: number; readonly begin: number; readonly bytes: Uint8Array }
  | { readonly kind: 'port'; readonly port: number }
  /** `extensionId` 0 is the extension handshake; the receiver of a message chose its id. */
  | { readonly kind: 'extended'; readonly extensionId: number; readonly payload: Uint8Array }
  | ({ readonly kind: HashKind } & HashSpan)
  | ({ readonly kind: 'hashes'; readonly hashes: Uint8Array } & HashSpan)
  /** A message of an extension that is not known here; to be ignored (BEP 4). */
  | { readonly kind: 'unknown'; readonly id: number };
