import { Inject, Injectable } from '@nestjs/common';
import { type Logger, LOGGER } from '../log.ts';
import type { Caller } from './caller.ts';

export type AuditedAction = 'game.create' | 'trust.open' | 'targets.publish' | 'upload.begin' | 'release.publish';

/** Who changed what: one line in the log for each change that a token made. */
@Injectable()
export class AuditLog {
  readonly #logger: Logger;

  constructor(@Inject(LOGGER) logger: Logger) {
    this.#logger = logger;
  }

  record(caller: Caller, action: AuditedAction, subject: Readonly<Record<string, string | number>>): void {
    this.#logger.info({ audit: action, token: caller.tokenId, ...subject }, 'audit');
  }
}
