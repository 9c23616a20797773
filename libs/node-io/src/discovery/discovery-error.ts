export type DiscoveryErrorCode = 'discovery_port_taken' | 'discovery_unavailable' | 'discovery_private';

/** What keeps peers from being looked for. Nothing of it is a reason to stop a transfer. */
export class DiscoveryError extends Error {
  override readonly name = 'DiscoveryError';
  readonly code: DiscoveryErrorCode;

  constructor(code: DiscoveryErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
