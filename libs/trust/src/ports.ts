/** Reads a game's TUF repository. */
export interface TrustFetcher {
  /**
   * @param name Relative to the repository, such as `timestamp.json` or `targets/channels/<sha256>.stable.json`.
   * @param bytesMax Stop reading and throw past this many bytes.
   * @returns Undefined when the repository answers that it has no such file; every other failure throws.
   */
  fetch(name: string, bytesMax: number): Promise<Uint8Array | undefined>;
}

/** Keeps what was trusted. Each write is atomic: afterwards the file holds the old bytes or the new ones, whole. */
export interface TrustCache {
  /** @returns Undefined when there is no such file; every other failure throws. */
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Does nothing when there is no such file. */
  remove(name: string): Promise<void>;
}

/** Holds one private key. */
export interface Signer {
  readonly key: PublicKey;
  /** @returns The Ed25519 signature, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** An Ed25519 public key. */
export interface PublicKey {
  /** SHA-256 of the canonical JSON of the TUF key object, hex. */
  keyId: string;
  /** 32 bytes, hex. */
  publicKey: string;
}
