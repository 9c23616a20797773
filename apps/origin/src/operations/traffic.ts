import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.ts';

/** Bytes that this origin sent of each game's content since it started. */
@Injectable()
export class Traffic {
  readonly sinceMs: number;
  readonly #bytes = new Map<string, number>();

  constructor(clock: Clock) {
    this.sinceMs = clock.nowMs();
  }

  /** @param game One that exists, so that the number of games stays small. */
  add(game: string, bytes: number): void {
    this.#bytes.set(game, this.bytesOf(game) + bytes);
  }

  bytesOf(game: string): number {
    return this.#bytes.get(game) ?? 0;
  }
}
