import type { BlockSpan } from '@swarmpatch/peer-wire';

import type { OutgoingBlock, PeerSocket } from './peer-socket.ts';
import type { ServedPieces, Unserved } from './served-pieces.ts';

/** Blocks that go to the system in one call. */
const BATCH_BYTES_MAX = 512 * 1024;
/** Blocks ahead of the one in turn that are being read already: pieces of small files are many reads. */
const AHEAD_MAX = 16;

export interface UploadLaneEvents {
  /** So many bytes of blocks have left. */
  onSent(lengthBytes: number): void;
  onUnserved(span: BlockSpan, why: Unserved): void;
}

/** The blocks on their way to one peer: read ahead, and sent in the order of the calls, many at a time. */
export class UploadLane {
  readonly #socket: PeerSocket;
  readonly #pieces: ServedPieces;
  readonly #events: UploadLaneEvents;
  #waiting: BlockSpan[] = [];
  #isRunning = false;

  constructor(socket: PeerSocket, pieces: ServedPieces, events: UploadLaneEvents) {
    this.#socket = socket;
    this.#pieces = pieces;
    this.#events = events;
  }

  /** Queues a block until `flush`. */
  put(span: BlockSpan): void {
    this.#waiting.push(span);
  }

  flush(): void {
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (;;) {
      this.#sendLoaded();
      const [next] = this.#waiting;
      if (!next) break;
      const ahead = this.#waiting.slice(1, AHEAD_MAX).filter((span) => !this.#pieces.peek(span));
      for (const span of ahead) void this.#pieces.load(span);
      const loaded = await this.#pieces.load(next);
      this.#waiting.shift();
      if (typeof loaded === 'string') this.#events.onUnserved(next, loaded);
      else this.#send([{ span: next, bytes: loaded }]);
    }
    this.#isRunning = false;
  }

  /** Sends what is at hand, up to the first block that is not. */
  #sendLoaded(): void {
    let batch: OutgoingBlock[] = [];
    let lengthBytes = 0;
    let sent = 0;
    for (const span of this.#waiting) {
      const bytes = this.#pieces.peek(span);
      if (!bytes) break;
      sent += 1;
      batch.push({ span, bytes });
      lengthBytes += bytes.length;
      if (lengthBytes < BATCH_BYTES_MAX) continue;
      this.#send(batch);
      batch = [];
      lengthBytes = 0;
    }
    this.#waiting = this.#waiting.slice(sent);
    if (batch.length > 0) this.#send(batch);
  }

  #send(batch: readonly OutgoingBlock[]): void {
    const lengthBytes = batch.reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (const { bytes } of batch) this.#pieces.hold(bytes);
    this.#socket.sendBlocks(batch, () => {
      for (const { bytes } of batch) this.#pieces.release(bytes);
      this.#events.onSent(lengthBytes);
    });
  }
}
