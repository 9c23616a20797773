import type { MetadataRole } from './roles.ts';

export type TrustErrorCode =
  /** Version 1 of root is not the one whose fingerprint is pinned. */
  | 'wrong_root'
  /** Validly signed, but for another game. */
  | 'wrong_game'
  /** Past its expiry: a freeze, or a repository that nobody renews. */
  | 'expired'
  /** This machine's clock is before any that could be right. */
  | 'wrong_clock'
  /** Older than what was trusted before. */
  | 'rolled_back'
  /** Fewer valid signatures than the role's threshold. */
  | 'bad_signature'
  /** Each file may be genuine, but they do not belong together. */
  | 'mixed_metadata'
  /** The repository lacks a file that it must have. */
  | 'missing_metadata'
  | 'malformed_metadata'
  | 'metadata_too_large'
  /** Asked for something before any metadata was trusted. */
  | 'not_refreshed'
  /** The signed metadata does not name this target. */
  | 'unknown_target'
  /** The signed metadata names this target, but the repository lacks it. */
  | 'missing_target'
  /** Length or SHA-256 differ from the signed ones. */
  | 'target_mismatch'
  | 'target_too_large'
  /** The next targets metadata does not follow the current one: somebody published in between. */
  | 'targets_version_conflict'
  /** The next targets metadata changes a release that is published already. */
  | 'release_changed'
  /** Targets that let another key than the origin's list patches. */
  | 'bad_delegation'
  /** A root that gives the roles to other keys than the game's own and its origin's. */
  | 'bad_root'
  | 'bad_key';

/** `file` is the metadata file or target at fault, as the repository names it. */
export class TrustError extends Error {
  override readonly name = 'TrustError';
  readonly code: TrustErrorCode;
  readonly file: string | undefined;

  constructor(code: TrustErrorCode, message: string, file?: MetadataRole | (string & {}), options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.file = file;
  }
}
