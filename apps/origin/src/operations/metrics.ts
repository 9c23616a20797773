import { Injectable } from '@nestjs/common';
import { Tracker } from '@swarmpatch/tracker';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { GameEvents } from '../events/game-events.ts';

export type RouteClass = 'content' | 'stream' | 'patch' | 'torrent' | 'trust';
export type UploadStep = 'begin' | 'blobs' | 'commit';

@Injectable()
export class Metrics {
  readonly #registry = new Registry();
  readonly #servedBytes = new Counter({
    name: 'swarmpatch_served_bytes_total',
    help: 'Body bytes sent, by class of route',
    labelNames: ['class'],
    registers: [this.#registry],
  });
  readonly #uploadedBytes = new Counter({
    name: 'swarmpatch_uploaded_bytes_total',
    help: 'Content bytes received from publishers',
    registers: [this.#registry],
  });
  readonly #uploads = new Counter({
    name: 'swarmpatch_uploads_total',
    help: 'Steps of uploads, by step and result',
    labelNames: ['step', 'result'],
    registers: [this.#registry],
  });
  readonly #requestSeconds = new Histogram({
    name: 'swarmpatch_http_request_seconds',
    help: 'Time from the request line to the last byte handed over',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [this.#registry],
  });

  constructor(tracker: Tracker, events: GameEvents) {
    collectDefaultMetrics({ register: this.#registry });
    this.#expose(
      'swarmpatch_tracker_announces',
      'Announces that were answered, HTTP and UDP',
      () => tracker.stats.announces,
    );
    this.#expose('swarmpatch_tracker_refusals', 'Announces that were refused', () => tracker.stats.refusals);
    this.#expose('swarmpatch_tracker_scrapes', 'Scrapes that were answered', () => tracker.stats.scrapes);
    this.#expose('swarmpatch_tracker_peers', 'Peers that are known now', () => tracker.stats.peers);
    this.#expose('swarmpatch_tracker_torrents', 'Torrents with peers now', () => tracker.stats.torrents);
    this.#expose('swarmpatch_event_listeners', 'Launchers and pages that wait for news', () => events.listenerCount);
  }

  addServedBytes(routeClass: RouteClass, bytes: number): void {
    this.#servedBytes.inc({ class: routeClass }, bytes);
  }

  addUploadedBytes(bytes: number): void {
    this.#uploadedBytes.inc(bytes);
  }

  addUpload(step: UploadStep, result: 'ok' | 'failed'): void {
    this.#uploads.inc({ step, result });
  }

  /** @param route The template, such as `/content/:game/:version/*`, so that the number of series stays small. */
  observeRequest(labels: { method: string; route: string; status: number }, seconds: number): void {
    this.#requestSeconds.observe({ ...labels, status: String(labels.status) }, seconds);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #expose(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}
