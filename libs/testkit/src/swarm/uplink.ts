import type { Downlink } from './downlink.ts';
import type { VirtualTime } from './virtual-time.ts';

/** One lane after the other sends for so long, so that a fast line needs fewer events than it carries blocks. */
const TURN_MS = 30;
const TURN_BYTES_MAX: number = 128 * 1024;
/** Bytes on their way on one lane; a lane whose round trip carries more may have twice that. */
const WINDOW_BYTES_MIN: number = 64 * 1024;

/** What is sent as one. */
export interface Parcel {
  lengthBytes: number;
  /** When its last byte is on the way. */
  readonly onSent?: (() => void) | undefined;
  readonly onArrived: () => void;
}

/** One direction of a connection: parcels arrive in the order in which they were sent. */
export class Lane {
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #latencyMs: number;
  readonly #time: VirtualTime;
  readonly #windowBytes: number;
  #waiting: Parcel[] = [];
  #flyingBytes = 0;
  #delayedCount = 0;
  #isInTurn = false;
  #isClosed = false;

  constructor(time: VirtualTime, uplink: Uplink, downlink: Downlink, latencyMs: number) {
    this.#time = time;
    this.#uplink = uplink;
    this.#downlink = downlink;
    this.#latencyMs = Math.max(1, latencyMs);
    const bytesPerSecond = Math.min(uplink.bytesPerSecond, downlink.bytesPerSecond);
    this.#windowBytes = Math.max(WINDOW_BYTES_MIN, (4 * latencyMs * bytesPerSecond) / 1000);
  }

  /** Payload: it waits for its turn on the line. */
  send(parcel: Parcel): void {
    if (this.#isClosed) return;
    this.#waiting.push(parcel);
    this.#askForTurn();
  }

  /** A few bytes: they leave at once, unless payload of this lane is before them. */
  sendLight(parcel: Parcel): void {
    if (this.#isClosed) return;
    if (this.#isInTurn || this.#waiting.length > 0) this.send(parcel);
    else {
      this.#uplink.charge(parcel.lengthBytes);
      this.#fly([parcel], 0);
    }
  }

  /** What waits is not sent. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
  }

  /** Called by the uplink: what is sent in this turn. */
  takeTurn(bytesMax: number): readonly Parcel[] {
    let lengthBytes = 0;
    let count = 0;
    for (const parcel of this.#waiting) {
      if (count > 0 && lengthBytes + parcel.lengthBytes > bytesMax) break;
      lengthBytes += parcel.lengthBytes;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** Called by the uplink: these have left. */
  left(parcels: readonly Parcel[]): void {
    this.#isInTurn = false;
    let lengthBytes = 0;
    for (const parcel of parcels) {
      lengthBytes += parcel.lengthBytes;
      parcel.onSent?.();
    }
    this.#fly(parcels, lengthBytes);
    this.#askForTurn();
  }

  #askForTurn(): void {
    if (this.#isClosed || this.#isInTurn || this.#waiting.length === 0 || this.#flyingBytes >= this.#windowBytes)
      return;
    this.#isInTurn = true;
    this.#uplink.enqueue(this);
  }

  #fly(parcels: readonly Parcel[], flyingBytes: number): void {
    this.#flyingBytes += flyingBytes;
    this.#time.after(this.#latencyMs, () => {
      let lengthBytes = 0;
      for (const parcel of parcels) lengthBytes += parcel.lengthBytes;
      const atMs = this.#downlink.take(lengthBytes);
      if (atMs <= this.#time.nowMs && this.#delayedCount === 0) {
        this.#land(parcels, flyingBytes);
        return;
      }
      this.#delayedCount += 1;
      this.#time.after(atMs - this.#time.nowMs, () => {
        this.#delayedCount -= 1;
        this.#land(parcels, flyingBytes);
      });
    });
  }

  #land(parcels: readonly Parcel[], flyingBytes: number): void {
    this.#flyingBytes -= flyingBytes;
    for (const parcel of parcels) parcel.onArrived();
    this.#askForTurn();
  }
}

/** A sender's line: its lanes send in turns, at the line's rate. */
export class Uplink {
  readonly bytesPerSecond: number;
  readonly #time: VirtualTime;
  readonly #turnBytes: number;
  readonly #lanes: Lane[] = [];
  #isBusy = false;
  /** Until when the line is taken, with fractions: events come at whole milliseconds only. */
  #freeMs = 0;
  #chargedBytes = 0;

  constructor(time: VirtualTime, bytesPerSecond: number) {
    this.#time = time;
    this.bytesPerSecond = bytesPerSecond;
    this.#turnBytes = Math.min(TURN_BYTES_MAX, (bytesPerSecond * TURN_MS) / 1000);
  }

  enqueue(lane: Lane): void {
    this.#lanes.push(lane);
    if (this.#isBusy) return;
    this.#freeMs = Math.max(this.#freeMs, this.#time.nowMs);
    this.#sendNext();
  }

  /** These bytes left already: the next parcel is so much later. */
  charge(lengthBytes: number): void {
    if (this.#isBusy) this.#chargedBytes += lengthBytes;
    else this.#freeMs = Math.max(this.#freeMs, this.#time.nowMs) + (lengthBytes * 1000) / this.bytesPerSecond;
  }

  #sendNext(): void {
    const lane = this.#lanes.shift();
    this.#isBusy = lane !== undefined;
    if (!lane) return;
    const parcels = lane.takeTurn(this.#turnBytes);
    let lengthBytes = this.#chargedBytes;
    this.#chargedBytes = 0;
    for (const parcel of parcels) lengthBytes += parcel.lengthBytes;
    this.#freeMs += (lengthBytes * 1000) / this.bytesPerSecond;
    this.#time.after(this.#freeMs - this.#time.nowMs, () => {
      lane.left(parcels);
      this.#sendNext();
    });
  }
}
