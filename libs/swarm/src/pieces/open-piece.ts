/** Stands for "nobody yet" among senders and leaders; peers are numbered from 1. */
export const NOBODY = 0;

/** The blocks of a piece that is being fetched from peers: each is missing, asked for, or received. Changed by `PieceLedger`. */
export class OpenPiece {
  readonly piece: number;
  /** The peer that asks for its blocks first; others help when they have nothing else to do. */
  leader: number = NOBODY;
  /** Only the leader may send blocks: what is wrong then has one author. */
  isExclusive = false;
  lastBlockMs: number;
  /** By block, who sent it. */
  readonly senders: Uint32Array;
  readonly #askers: Uint8Array;
  #missingCount: number;
  #receivedCount = 0;
  /** No block before this one is missing. */
  #firstMissing = 0;

  constructor(piece: number, blockCount: number, nowMs: number) {
    this.piece = piece;
    this.senders = new Uint32Array(blockCount);
    this.#askers = new Uint8Array(blockCount);
    this.#missingCount = blockCount;
    this.lastBlockMs = nowMs;
  }

  get blockCount(): number {
    return this.senders.length;
  }

  /** Blocks that nobody was asked for. */
  get missingCount(): number {
    return this.#missingCount;
  }

  get receivedCount(): number {
    return this.#receivedCount;
  }

  /** Blocks under way. */
  get askedCount(): number {
    return this.blockCount - this.#missingCount - this.#receivedCount;
  }

  isReceived(block: number): boolean {
    return this.senders[block] !== NOBODY;
  }

  /** How many peers were asked for the block. */
  askersOf(block: number): number {
    return this.#askers[block] ?? 0;
  }

  /** The first block that nobody was asked for. */
  nextMissing(): number | undefined {
    if (this.#missingCount === 0) return undefined;
    while (this.isReceived(this.#firstMissing) || this.askersOf(this.#firstMissing) > 0) this.#firstMissing += 1;
    return this.#firstMissing;
  }

  ask(block: number): void {
    this.#expectNotReceived(block);
    if (this.askersOf(block) === 0) this.#missingCount -= 1;
    this.#askers[block] = this.askersOf(block) + 1;
  }

  unask(block: number): void {
    if (this.askersOf(block) === 0) throw new Error(`unask block ${block} of piece ${this.piece}: nobody was asked`);
    this.#askers[block] = this.askersOf(block) - 1;
    if (this.isReceived(block) || this.askersOf(block) > 0) return;
    this.#missingCount += 1;
    this.#firstMissing = Math.min(this.#firstMissing, block);
  }

  /** The block came: one of those who were asked for it owes it no more. */
  receive(block: number, sender: number, nowMs: number): void {
    this.#expectNotReceived(block);
    const askers = this.askersOf(block);
    if (askers === 0) this.#missingCount -= 1;
    else this.#askers[block] = askers - 1;
    this.senders[block] = sender;
    this.#receivedCount += 1;
    this.lastBlockMs = nowMs;
  }

  forgetSender(sender: number): void {
    for (const [block, each] of this.senders.entries()) {
      if (each !== sender) continue;
      this.senders[block] = NOBODY;
      this.#receivedCount -= 1;
      if (this.askersOf(block) > 0) continue;
      this.#missingCount += 1;
      this.#firstMissing = Math.min(this.#firstMissing, block);
    }
  }

  /** @throws {Error} when the counts do not fit the blocks. */
  audit(): void {
    let missing = 0;
    let received = 0;
    for (let block = 0; block < this.blockCount; block += 1) {
      if (this.isReceived(block)) received += 1;
      else if (this.askersOf(block) === 0) missing += 1;
    }
    if (missing !== this.#missingCount || received !== this.#receivedCount) {
      throw new Error(
        `audit: piece ${this.piece} has ${missing} blocks missing and ${received} received; counted otherwise`,
      );
    }
  }

  #expectNotReceived(block: number): void {
    if (block >= this.blockCount || this.isReceived(block)) {
      throw new Error(
        `block ${block} of piece ${this.piece} is received already, or is not one of its ${this.blockCount}`,
      );
    }
  }
}
