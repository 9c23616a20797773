import { type BlockSpan, messageLengthBytes, type WireMessage } from '@swarmpatch/peer-wire';

import type { Lane, Parcel } from './uplink.ts';
import type { VirtualTime } from './virtual-time.ts';

const BLOCK_HEADER_BYTES = 13;

/** Who is at the other end. */
export interface LinkEnd {
  receive(peer: number, messages: readonly WireMessage[]): void;
  linkBroke(peer: number): void;
}

/** A connection as one of its ends has it. */
export class Link<R extends LinkEnd> {
  readonly remote: R;
  /** This end's number at the remote. */
  remotePeer = 0;
  readonly #time: VirtualTime;
  readonly #lane: Lane;
  readonly #latencyMs: number;
  /** Messages of one millisecond travel together. */
  #batch: { readonly atMs: number; readonly messages: WireMessage[]; readonly parcel: Parcel } | undefined;

  constructor(time: VirtualTime, remote: R, lane: Lane, latencyMs: number) {
    this.#time = time;
    this.remote = remote;
    this.#lane = lane;
    this.#latencyMs = latencyMs;
  }

  send(message: WireMessage): void {
    const { nowMs } = this.#time;
    if (this.#batch?.atMs === nowMs) {
      this.#batch.messages.push(message);
      this.#batch.parcel.lengthBytes += messageLengthBytes(message);
      return;
    }
    const messages = [message];
    const parcel: Parcel = {
      lengthBytes: messageLengthBytes(message),
      onArrived: () => {
        this.remote.receive(this.remotePeer, messages);
      },
    };
    this.#batch = { atMs: nowMs, messages, parcel };
    this.#lane.sendLight(parcel);
  }

  sendBlock(span: BlockSpan, bytes: Uint8Array, onSent: () => void): void {
    this.#batch = undefined;
    const messages: WireMessage[] = [{ kind: 'block', piece: span.piece, begin: span.begin, bytes }];
    this.#lane.send({
      lengthBytes: BLOCK_HEADER_BYTES + bytes.length,
      onSent,
      onArrived: () => {
        this.remote.receive(this.remotePeer, messages);
      },
    });
  }

  /** The other end learns of it when all that is on the way has arrived. */
  break(): void {
    this.close();
    this.#time.after(this.#latencyMs, () => {
      this.remote.linkBroke(this.remotePeer);
    });
  }

  close(): void {
    this.#lane.close();
  }
}
