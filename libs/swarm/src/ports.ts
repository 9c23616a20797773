/** Where the bytes of written pieces are. Implemented over files by node-io. */
export interface PieceStore {
  /** Pads are read as zeros. */
  read(piece: number, begin: number, lengthBytes: number): Promise<Uint8Array>;
  /** Writes a verified piece. Pads are in `data` and are not stored. */
  write(piece: number, data: Uint8Array): Promise<void>;
  flush(): Promise<void>;
  /** Lets go of open files; they are opened again when they are needed. */
  close?(): Promise<void>;
}

/**
 * The memory in which pieces are put together. The engine says what goes where and never looks at a byte, so a simulation
 * needs none.
 */
export interface PieceSlots {
  /** A slot for the piece, pads included, whose pads are zeros. */
  open(piece: number): void;
  write(piece: number, begin: number, bytes: Uint8Array): void;
  /** Makes these bytes the slot of the piece, in place of one that is open. */
  adopt(piece: number, data: Uint8Array): void;
  /** What blocks can be compared by, one for each block. */
  fingerprints(piece: number): readonly string[];
  release(piece: number): void;
}
