/** Injection token of the blob store. */
export const BLOB_STORE: unique symbol = Symbol('blob store');
