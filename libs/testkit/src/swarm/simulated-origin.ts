import type { Swarm, WebRun } from '@swarmpatch/swarm';

import type { SimulatedNetwork } from './simulated-network.ts';
import { Uplink } from './uplink.ts';

const CHUNK_BYTES = 64 * 1024;
const ROOM_CHECK_MS = 50;

/** Who fetches: its engine, and what carries out the commands that the engine then has. */
interface WebClient {
  readonly swarm: Swarm;
  pump(): void;
}

interface Serving {
  readonly launcher: WebClient;
  readonly runId: number;
  piece: number;
  end: number;
  sentBytes: number;
}

export interface OriginOptions {
  readonly uplink: number;
  /** Share of the pieces it sends that are wrong. */
  readonly corruption?: number;
  /** From when to when it refuses. */
  readonly downMs?: { readonly from: number; readonly to: number };
}

/** A web seed with a line of its own, which serves all runs in turns. */
export class SimulatedOrigin {
  servedBytes = 0;
  readonly #network: SimulatedNetwork;
  readonly #options: OriginOptions;
  readonly #uplink: Uplink;
  readonly #random: () => number;
  readonly #servings = new Set<Serving>();

  constructor(network: SimulatedNetwork, options: OriginOptions, random: () => number) {
    this.#network = network;
    this.#options = options;
    this.#random = random;
    this.#uplink = new Uplink(network.time, options.uplink);
  }

  fetch(launcher: WebClient, run: WebRun): void {
    const serving: Serving = {
      launcher,
      runId: run.runId,
      piece: run.firstPiece,
      end: run.firstPiece + run.pieceCount,
      sentBytes: 0,
    };
    this.#servings.add(serving);
    this.#network.time.after(2 * this.#network.latencyMs, () => {
      this.#serve(serving);
    });
  }

  shorten(launcher: WebClient, runId: number, endPiece: number): void {
    for (const serving of this.#servings) {
      if (serving.launcher !== launcher || serving.runId !== runId) continue;
      serving.end = Math.min(serving.end, endPiece);
      if (serving.piece >= serving.end) this.#finish(serving);
    }
  }

  leave(launcher: WebClient): void {
    for (const serving of this.#servings) if (serving.launcher === launcher) this.#servings.delete(serving);
  }

  #isDown(): boolean {
    const { downMs } = this.#options;
    const { nowMs } = this.#network.time;
    return downMs !== undefined && nowMs >= downMs.from && nowMs < downMs.to;
  }

  #serve(serving: Serving): void {
    if (!this.#servings.has(serving)) return;
    const { launcher, runId, piece } = serving;
    if (this.#isDown()) {
      this.#servings.delete(serving);
      launcher.swarm.webRunFailed(runId, undefined, this.#network.time.nowMs);
      launcher.pump();
      return;
    }
    const lengthBytes = Math.min(CHUNK_BYTES, this.#network.torrent.layout.filledBytes(piece) - serving.sentBytes);
    this.#uplink.send(serving, {
      lengthBytes,
      onSent: () => {
        this.servedBytes += lengthBytes;
        if (!this.#servings.has(serving)) return;
        serving.sentBytes += lengthBytes;
        const waitMs = launcher.swarm.webBytesReceived(runId, lengthBytes, this.#network.time.nowMs);
        this.#network.time.after(waitMs, () => {
          if (serving.sentBytes < this.#network.torrent.layout.filledBytes(piece)) this.#serve(serving);
          else this.#deliver(serving);
        });
      },
    });
  }

  #deliver(serving: Serving): void {
    const { launcher, runId, piece } = serving;
    const { time, torrent } = this.#network;
    if (!this.#servings.has(serving)) return;
    if (!launcher.swarm.hasRoomForWebPiece(piece, time.nowMs)) {
      time.after(ROOM_CHECK_MS, () => {
        this.#deliver(serving);
      });
      return;
    }
    const data = (torrent.pieces[piece] ?? new Uint8Array(0)).slice();
    if (this.#random() < (this.#options.corruption ?? 0)) data[0] = (data[0] ?? 0) ^ 0xff;
    serving.piece += 1;
    serving.sentBytes = 0;
    launcher.swarm.webPieceReceived(runId, piece, data);
    launcher.pump();
    if (!this.#servings.has(serving)) return;
    if (serving.piece >= serving.end) this.#finish(serving);
    else this.#serve(serving);
  }

  #finish(serving: Serving): void {
    this.#servings.delete(serving);
    serving.launcher.swarm.webRunEnded(serving.runId, this.#network.time.nowMs);
    // Called from within the launcher's own commands, too: it goes on by itself then.
    this.#network.time.after(0, () => {
      serving.launcher.pump();
    });
  }
}
