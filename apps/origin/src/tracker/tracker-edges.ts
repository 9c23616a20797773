import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { startPeerSweep, startUdpTracker, type UdpTrackerServer } from '@swarmpatch/node-io/tracker-server';
import { Tracker } from '@swarmpatch/tracker';
import type { HostPort } from '../configuration.ts';

/** What the tracker needs besides HTTP: its UDP socket, and the clock that drops silent peers. */
@Injectable()
export class TrackerEdges implements OnApplicationShutdown {
  readonly #tracker: Tracker;
  #udp: UdpTrackerServer | undefined;
  #sweep: { stop(): void } | undefined;

  constructor(tracker: Tracker) {
    this.#tracker = tracker;
  }

  /** @returns Where the UDP tracker listens. */
  async start(address: HostPort): Promise<HostPort> {
    this.#udp = await startUdpTracker(this.#tracker, address);
    this.#sweep = startPeerSweep(this.#tracker);
    return this.#udp.address;
  }

  async onApplicationShutdown(): Promise<void> {
    this.#sweep?.stop();
    await this.#udp?.close();
  }
}
