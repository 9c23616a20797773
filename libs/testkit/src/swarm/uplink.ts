import type { VirtualTime } from './virtual-time.ts';

interface Parcel {
  readonly lengthBytes: number;
  readonly onSent: () => void;
}

/** A sender's line: what waits on its lanes is sent in turns, at the line's rate; each lane keeps its order. */
export class Uplink {
  readonly #time: VirtualTime;
  readonly #bytesPerSecond: number;
  readonly #lanes = new Map<unknown, Parcel[]>();
  #isBusy = false;

  constructor(time: VirtualTime, bytesPerSecond: number) {
    this.#time = time;
    this.#bytesPerSecond = bytesPerSecond;
  }

  send(lane: unknown, parcel: Parcel): void {
    const parcels = this.#lanes.get(lane);
    if (parcels) parcels.push(parcel);
    else this.#lanes.set(lane, [parcel]);
    if (!this.#isBusy) this.#sendNext();
  }

  /** What waits there is not sent. */
  close(lane: unknown): void {
    this.#lanes.delete(lane);
  }

  #sendNext(): void {
    for (const [lane, parcels] of this.#lanes) {
      const parcel = parcels.shift();
      this.#lanes.delete(lane);
      if (!parcel) continue;
      if (parcels.length > 0) this.#lanes.set(lane, parcels);
      this.#isBusy = true;
      this.#time.after((parcel.lengthBytes * 1000) / this.#bytesPerSecond, () => {
        this.#isBusy = false;
        parcel.onSent();
        if (!this.#isBusy) this.#sendNext();
      });
      return;
    }
  }
}
