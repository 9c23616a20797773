import type { ApiErrorCode } from '@swarmpatch/api-contract';

export type OriginErrorCode =
  | ApiErrorCode
  | 'address_in_use'
  | 'bad_database_url'
  | 'bad_public_url'
  | 'bad_token_scope'
  | 'data_unusable'
  | 'migration_changed'
  | 'migration_unfinished'
  | 'migration_unknown'
  | 'token_not_found';

/** What the origin refuses or cannot do. Codes of the API carry their HTTP status in the contract. */
export class OriginError extends Error {
  override readonly name = 'OriginError';
  readonly code: OriginErrorCode;

  constructor(code: OriginErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
