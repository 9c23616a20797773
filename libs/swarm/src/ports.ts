/** Where the bytes of written pieces are. Implemented over files by node-io. */
export interface PieceStore {
  /** Pads are read as zeros. */
  read(piece: number, begin: number, lengthBytes: number): Promise<Uint8Array>;
  /** Fills the target as `read` would. */
  readInto?(piece: number, begin: number, target: Uint8Array): Promise<void>;
  /** Writes a verified piece. Pads are in `data` and are not stored. */
  write(piece: number, data: Uint8Array): Promise<void>;
  /**
   * How often the files of a piece were changed by others than this store, as far as that shows; unless it is there, never.
   * What was found whole in one edition is whole while the edition stays.
   */
  edition?(piece: number): number;
  /** The edition as of the last look. */
  knownEdition?(piece: number): number;
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
  /** SHA-256 of each block, one latin1 character a byte: what blocks are compared by, and what v2 leaf hashes are (BEP 52). */
  fingerprints(piece: number): readonly string[];
  release(piece: number): void;
}
