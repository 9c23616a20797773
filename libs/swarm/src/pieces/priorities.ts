import type { PieceRange } from '@swarmpatch/metainfo';

import { URGENT_PRIORITY } from '../web/urgent-pieces.ts';
import type { PieceLedger } from './piece-ledger.ts';

/** What is fetched first: what somebody waits for, and then what was chosen before. */
export class Priorities {
  readonly #ledger: PieceLedger;
  #chosen: Uint8Array | undefined;
  #reading: readonly PieceRange[] = [];

  constructor(ledger: PieceLedger) {
    this.#ledger = ledger;
  }

  choose(priorities: Uint8Array | undefined): void {
    this.#chosen = priorities;
    this.#apply();
  }

  readAhead(ranges: readonly PieceRange[]): void {
    this.#reading = ranges;
    this.#apply();
  }

  #apply(): void {
    const { pieceCount } = this.#ledger.layout;
    const priorities = this.#reading.length > 0 ? new Uint8Array(pieceCount) : this.#chosen;
    if (this.#reading.length > 0 && this.#chosen) priorities?.set(this.#chosen);
    for (const { first, end } of this.#reading) priorities?.fill(URGENT_PRIORITY, first, end);
    this.#ledger.setPriorities(priorities);
  }
}
