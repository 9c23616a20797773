/** A patch that can be fetched, and what using it takes. */
export interface PatchOffer {
  from: string;
  to: string;
  /** Length of the patch. */
  bytes: number;
  /** New content that applying it writes. */
  writtenBytes: number;
  /** Old content that applying it reads. */
  readBytes: number;
  /** Bytes of the patch that an earlier run left on this disk. */
  heldBytes?: number;
}
