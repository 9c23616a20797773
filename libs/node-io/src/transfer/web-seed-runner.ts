import { setTimeout as sleep } from 'node:timers/promises';

import type { Metainfo } from '@swarmpatch/metainfo';
import type { Swarm, WebRun } from '@swarmpatch/swarm';

import { fetchPieces, type WebSeed, WebSeedError } from '../web-seed/index.ts';

/** How often a run that waits for memory looks again. */
const ROOM_CHECK_MS = 20;

interface ActiveRun {
  readonly ender: AbortController;
  /** The piece under way. */
  next: number;
  end: number;
}

/** Carries out the engine's web runs. */
export class WebSeedRunner {
  readonly #metainfo: Metainfo;
  readonly #webSeeds: readonly WebSeed[];
  readonly #allow: (url: URL) => boolean;
  readonly #swarm: Swarm;
  readonly #nowMs: () => number;
  readonly #onChange: () => void;
  readonly #runs = new Map<number, ActiveRun>();
  #lastError: unknown;

  constructor(options: {
    metainfo: Metainfo;
    webSeeds: readonly WebSeed[];
    allow: (url: URL) => boolean;
    swarm: Swarm;
    nowMs: () => number;
    /** The engine was told something. */
    onChange: () => void;
  }) {
    this.#metainfo = options.metainfo;
    this.#webSeeds = options.webSeeds;
    this.#allow = options.allow;
    this.#swarm = options.swarm;
    this.#nowMs = options.nowMs;
    this.#onChange = options.onChange;
  }

  /** Why the last run failed. */
  get lastError(): unknown {
    return this.#lastError;
  }

  start(run: WebRun): void {
    const active: ActiveRun = {
      ender: new AbortController(),
      next: run.firstPiece,
      end: run.firstPiece + run.pieceCount,
    };
    this.#runs.set(run.runId, active);
    void this.#fetch(run, active);
  }

  shorten(runId: number, endPiece: number): void {
    const active = this.#runs.get(runId);
    if (!active) return;
    active.end = Math.min(active.end, endPiece);
    if (active.end <= active.next) active.ender.abort();
  }

  stop(): void {
    for (const active of this.#runs.values()) active.ender.abort();
  }

  async #fetch(run: WebRun, active: ActiveRun): Promise<void> {
    const { signal } = active.ender;
    const webSeed = this.#webSeeds[run.webSeed];
    try {
      if (webSeed === undefined) throw new RangeError(`there is no web seed ${run.webSeed}`);
      const pieces = fetchPieces(webSeed, this.#metainfo, run, {
        signal,
        allow: this.#allow,
        onBytes: async (lengthBytes) => {
          const waitMs = this.#swarm.webBytesReceived(run.runId, lengthBytes, this.#nowMs());
          if (waitMs > 0) await sleep(waitMs, undefined, { signal });
        },
      });
      for await (const { piece, data } of pieces) {
        if (piece >= active.end) break;
        while (!this.#swarm.hasRoomForWebPiece(piece, this.#nowMs())) await sleep(ROOM_CHECK_MS, undefined, { signal });
        active.next = piece + 1;
        this.#swarm.webPieceReceived(run.runId, piece, data);
        this.#onChange();
        if (active.next >= active.end) break;
      }
      this.#swarm.webRunEnded(run.runId, this.#nowMs());
    } catch (error) {
      if (signal.aborted) this.#swarm.webRunEnded(run.runId, this.#nowMs());
      else {
        this.#lastError = error;
        this.#swarm.webRunFailed(
          run.runId,
          error instanceof WebSeedError ? error.retryAfterMs : undefined,
          this.#nowMs(),
        );
      }
    } finally {
      this.#runs.delete(run.runId);
      this.#onChange();
    }
  }
}
