declare module 'bencode' {
  /** Each appends the encoding of one scalar to `chunks`. */
  interface Encode {
    string(chunks: Uint8Array[], text: string): void;
    number(chunks: Uint8Array[], integer: number): void;
    buffer(chunks: Uint8Array[], bytes: Uint8Array): void;
  }
  const bencode: {
    readonly encode: Encode & ((value: unknown) => Uint8Array);
    decode(bytes: Uint8Array): unknown;
  };
  export = bencode;
}
