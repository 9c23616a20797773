import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };
/** Injection token of the process's logger. */
export const LOGGER: unique symbol = Symbol('logger');

const STANDARD_ERROR = 2;

/** Structured lines; standard output is left to the command's result. */
export function createLogger(destination: DestinationStream = pino.destination(STANDARD_ERROR)): Logger {
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** Nest's own messages, on the process's logger: its start-up chatter as debug lines. */
export class NestLog implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown): void {
    this.#logger.debug(String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#logger.error({ detail: rest.map(String) }, String(message));
  }

  warn(message: unknown): void {
    this.#logger.warn(String(message));
  }
}
