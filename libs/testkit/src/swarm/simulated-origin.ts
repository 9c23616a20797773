import type { Swarm, WebRun } from '@swarmpatch/swarm';

import type { Downlink } from './downlink.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import { Lane, Uplink } from './uplink.ts';

const CHUNK_BYTES = 64 * 1024;
/** Bytes of one response that are sent and not read yet. */
const UNREAD_BYTES_MAX = 4 * CHUNK_BYTES;
const ROOM_CHECK_MS = 50;
const RETRY_AFTER_MS = { min: 4_000, max: 8_000 };

/** Who fetches: its engine, its line, and what carries out the commands that the engine then has. */
interface WebClient {
  readonly swarm: Swarm;
  readonly downlink: Downlink;
  webBytesReceived(runId: number, lengthBytes: number): number;
  pump(): void;
}

/** One request: bytes are sent ahead of what is read, and pieces are handed over as they become whole. */
interface Serving {
  readonly launcher: WebClient;
  readonly runId: number;
  readonly lane: Lane;
  /** The piece that is sent, and how much of it. */
  sendPiece: number;
  sendBytes: number;
  /** Chunks that arrived and were not read. */
  readonly arrived: number[];
  unreadBytes: number;
  isAdmitted: boolean;
  isReading: boolean;
  /** The piece that is read, and how much of it. */
  piece: number;
  pieceBytes: number;
  end: number;
}

export interface OriginOptions {
  readonly uplink: number;
  /** Share of the pieces it sends that are wrong. */
  readonly corruption?: number | undefined;
  /** Responses at a time; who asks for more is told to come back in some seconds (503 with Retry-After). */
  readonly responsesMax?: number | undefined;
  /** From when to when it refuses. */
  readonly downMs?: { readonly from: number; readonly to: number } | undefined;
}

/** A web seed with a line of its own, which serves all runs in turns. */
export class SimulatedOrigin {
  servedBytes = 0;
  #admittedCount = 0;
  readonly uplink: Uplink;
  readonly #network: SimulatedNetwork;
  readonly #options: OriginOptions;
  readonly #random: () => number;
  readonly #servings = new Map<WebClient, Map<number, Serving>>();

  constructor(network: SimulatedNetwork, options: OriginOptions, random: () => number) {
    this.#network = network;
    this.#options = options;
    this.#random = random;
    this.uplink = new Uplink(network.time, options.uplink);
  }

  fetch(launcher: WebClient, run: WebRun): void {
    const { time, latencyMs } = this.#network;
    const serving: Serving = {
      launcher,
      runId: run.runId,
      lane: new Lane(time, this.uplink, launcher.downlink, latencyMs),
      sendPiece: run.firstPiece,
      sendBytes: 0,
      arrived: [],
      unreadBytes: 0,
      isAdmitted: false,
      isReading: false,
      piece: run.firstPiece,
      pieceBytes: 0,
      end: run.firstPiece + run.pieceCount,
    };
    const ofLauncher = this.#servings.get(launcher) ?? new Map<number, Serving>();
    ofLauncher.set(run.runId, serving);
    this.#servings.set(launcher, ofLauncher);
    // The connection is opened, and the request travels.
    time.after(3 * latencyMs, () => {
      this.#admit(serving);
    });
  }

  shorten(launcher: WebClient, runId: number, endPiece: number): void {
    const serving = this.#servings.get(launcher)?.get(runId);
    if (!serving) return;
    serving.end = Math.min(serving.end, endPiece);
    if (serving.piece >= serving.end) this.#finish(serving);
  }

  leave(launcher: WebClient): void {
    for (const serving of this.#servings.get(launcher)?.values() ?? []) this.#forget(serving);
  }

  #isDown(): boolean {
    const { downMs } = this.#options;
    const { nowMs } = this.#network.time;
    return downMs !== undefined && nowMs >= downMs.from && nowMs < downMs.to;
  }

  #isServed({ launcher, runId }: Serving): boolean {
    return this.#servings.get(launcher)?.has(runId) ?? false;
  }

  #admit(serving: Serving): void {
    if (!this.#isServed(serving)) return;
    if (this.#admittedCount >= (this.#options.responsesMax ?? Infinity)) {
      const { min, max } = RETRY_AFTER_MS;
      this.#refuse(serving, min + this.#random() * (max - min));
      return;
    }
    serving.isAdmitted = true;
    this.#admittedCount += 1;
    this.#send(serving);
  }

  #refuse(serving: Serving, retryAfterMs: number | undefined): void {
    this.#forget(serving);
    serving.launcher.swarm.webRunFailed(serving.runId, retryAfterMs, this.#network.time.nowMs);
    serving.launcher.pump();
  }

  #send(serving: Serving): void {
    if (!this.#isServed(serving)) return;
    if (this.#isDown()) {
      this.#refuse(serving, undefined);
      return;
    }
    while (serving.sendPiece < serving.end && serving.unreadBytes < UNREAD_BYTES_MAX) {
      const pieceBytes = this.#network.torrent.layout.filledBytes(serving.sendPiece);
      const lengthBytes = Math.min(CHUNK_BYTES, pieceBytes - serving.sendBytes);
      serving.sendBytes += lengthBytes;
      serving.unreadBytes += lengthBytes;
      if (serving.sendBytes === pieceBytes) {
        serving.sendPiece += 1;
        serving.sendBytes = 0;
      }
      serving.lane.send({
        lengthBytes,
        onSent: () => {
          this.servedBytes += lengthBytes;
        },
        onArrived: () => {
          serving.arrived.push(lengthBytes);
          this.#read(serving);
        },
      });
    }
  }

  #read(serving: Serving): void {
    if (serving.isReading || !this.#isServed(serving)) return;
    const lengthBytes = serving.arrived.shift();
    if (lengthBytes === undefined) return;
    serving.isReading = true;
    serving.unreadBytes -= lengthBytes;
    serving.pieceBytes += lengthBytes;
    const waitMs = serving.launcher.webBytesReceived(serving.runId, lengthBytes);
    if (waitMs > 0) {
      this.#network.time.after(waitMs, () => {
        this.#take(serving);
      });
    } else this.#take(serving);
  }

  #take(serving: Serving): void {
    if (!this.#isServed(serving)) return;
    const { time, torrent } = this.#network;
    const { launcher, runId, piece } = serving;
    if (serving.pieceBytes === torrent.layout.filledBytes(piece)) {
      if (!launcher.swarm.hasRoomForWebPiece(piece, time.nowMs)) {
        time.after(ROOM_CHECK_MS, () => {
          this.#take(serving);
        });
        return;
      }
      const isBad = this.#random() < (this.#options.corruption ?? 0);
      serving.piece += 1;
      serving.pieceBytes = 0;
      launcher.swarm.webPieceReceived(runId, piece, torrent.piece(piece, isBad ? 'bad' : 'good'));
      launcher.pump();
      if (!this.#isServed(serving)) return;
    }
    if (serving.piece >= serving.end) {
      this.#finish(serving);
      return;
    }
    serving.isReading = false;
    this.#send(serving);
    this.#read(serving);
  }

  #finish(serving: Serving): void {
    this.#forget(serving);
    serving.launcher.swarm.webRunEnded(serving.runId, this.#network.time.nowMs);
    // Called from within the launcher's own commands, too: it goes on by itself then.
    this.#network.time.after(0, () => {
      serving.launcher.pump();
    });
  }

  #forget({ launcher, runId, lane, isAdmitted }: Serving): void {
    if (isAdmitted) this.#admittedCount -= 1;
    lane.close();
    const ofLauncher = this.#servings.get(launcher);
    ofLauncher?.delete(runId);
    if (ofLauncher?.size === 0) this.#servings.delete(launcher);
  }
}
