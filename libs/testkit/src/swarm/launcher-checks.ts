import type { BlockSpan } from '@swarmpatch/peer-wire';
import { type Bitfield, type BlockLayout, HELD_BYTES_MAX, type Swarm } from '@swarmpatch/swarm';

import type { Invariant } from './broken-invariant.ts';
import type { LauncherOptions } from './launcher-options.ts';
import { RateWatch } from './rate-watch.ts';
import type { SimulatedSlots } from './simulated-slots.ts';

/** What may pass at once beyond a limit: half a second's worth of uploads, or a few blocks. */
const UPLOAD_BURST = { seconds: 0.5, bytesMin: 64 * 1024 };
/** Requests are what the limit holds back: what was asked for in a pipeline's length may come together. */
const DOWNLOAD_BURST = { seconds: 4, bytesMin: 512 * 1024 };

/** Watches one engine from outside and tells which invariant it breaks. */
export class LauncherChecks {
  readonly #swarm: Swarm;
  readonly #slots: SimulatedSlots;
  readonly #broken: (invariant: Invariant, detail: string) => never;
  readonly #auditEvery: number;
  readonly #heldBytesMax: number;
  readonly #uploadWatch: RateWatch;
  readonly #downloadWatch: RateWatch;
  /** Verified as good and not yet written. */
  readonly #verified = new Set<number>();
  readonly #startedWithBytes: number;
  #turns = 0;

  constructor(context: {
    swarm: Swarm;
    slots: SimulatedSlots;
    layout: BlockLayout;
    options: LauncherOptions;
    auditEvery: number;
    broken: (invariant: Invariant, detail: string) => never;
  }) {
    const { swarm, slots, layout, options, auditEvery, broken } = context;
    this.#swarm = swarm;
    this.#slots = slots;
    this.#broken = broken;
    this.#auditEvery = auditEvery;
    this.#heldBytesMax = Math.max(options.heldBytesMax ?? HELD_BYTES_MAX, 2 * layout.pieceLengthBytes);
    this.#uploadWatch = watchOf(options.maxUpload ?? Infinity, UPLOAD_BURST);
    this.#downloadWatch = watchOf(options.maxDownload ?? Infinity, DOWNLOAD_BURST);
    this.#startedWithBytes = swarm.stats(0).wantedLeftBytes;
  }

  /** The engine has had its commands carried out. */
  turn(): void {
    this.#turns += 1;
    if (this.#turns % this.#auditEvery === 0) this.#audit();
  }

  verified(piece: number, result: 'good' | 'bad'): void {
    if (result === 'good') this.#verified.add(piece);
  }

  /** The engine wants a piece written. */
  write(piece: number): void {
    if (!this.#verified.has(piece) || !this.#slots.isGood(piece))
      this.#broken('written_pieces_are_verified', `piece ${piece} is to be written, and is not known to be good`);
  }

  /** A piece gets to the disk, on which there are `before`. */
  written(piece: number, before: Bitfield): void {
    if (!this.#verified.delete(piece) || !this.#slots.isGood(piece))
      this.#broken('written_pieces_are_verified', `piece ${piece} changed after it was verified`);
    if (before.has(piece)) this.#broken('blocks_are_in_one_state', `piece ${piece} is written a second time`);
  }

  upload({ piece, lengthBytes }: BlockSpan, written: Bitfield, nowMs: number): void {
    if (!written.has(piece)) this.#broken('served_pieces_are_had', `piece ${piece} is served and was never written`);
    const excessBytes = this.#uploadWatch.pass(lengthBytes, nowMs);
    if (excessBytes > 0) this.#broken('upload_limit_is_kept', `${Math.round(excessBytes)} bytes too many in a window`);
  }

  downloaded(lengthBytes: number, nowMs: number): void {
    const excessBytes = this.#downloadWatch.pass(lengthBytes, nowMs);
    if (excessBytes > 0)
      this.#broken('download_limit_is_kept', `${Math.round(excessBytes)} bytes too many in a window`);
  }

  connections(count: number, max: number): void {
    if (count > max) this.#broken('connections_are_bounded', `${count} connections, at most ${max} may be`);
  }

  finished(nowMs: number): void {
    this.#audit();
    const { fromPeersBytes, fromWebSeedsBytes } = this.#swarm.stats(nowMs);
    if (fromPeersBytes + fromWebSeedsBytes !== this.#startedWithBytes)
      this.#broken(
        'bytes_add_up',
        `${fromPeersBytes} bytes of peers and ${fromWebSeedsBytes} of web seeds, ${this.#startedWithBytes} were wanted`,
      );
  }

  #audit(): void {
    try {
      this.#swarm.audit();
    } catch (error) {
      this.#broken('blocks_are_in_one_state', String(error));
    }
    if (this.#slots.heldBytes > this.#heldBytesMax)
      this.#broken(
        'held_memory_is_bounded',
        `${this.#slots.heldBytes} bytes are held, at most ${this.#heldBytesMax} may be`,
      );
  }
}

function watchOf(bytesPerSecond: number, { seconds, bytesMin }: { seconds: number; bytesMin: number }): RateWatch {
  return new RateWatch(bytesPerSecond, Math.max(bytesMin, bytesPerSecond * seconds));
}
