import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { MappedPort } from './gateway.ts';

/** Memory of the thread that speaks to the gateway: its libraries read whatever a device of the network sends. */
export const PORT_MAPPING_HEAP_MIB_MAX = 64;
const CLOSE_TIMEOUT_MS = 1500;

export interface PortMappingOptions {
  /** The TCP port of this machine that is to be reached from outside. */
  readonly port: number;
  /** The IPv4 address of a gateway that speaks NAT-PMP; by default it is looked for, by NAT-PMP and then by UPnP. */
  readonly gateway?: string;
  /** Called when the port is mapped, is mapped otherwise, or is no more. */
  readonly onChange?: (mapped: MappedPort | undefined) => void;
}

/** What the thread is told. */
export interface PortMappingJob {
  readonly port: number;
  readonly gateway: string | undefined;
}

/**
 * Asks the router to let peers in (NAT-PMP of RFC 6886, or UPnP IGD), and goes on asking until it is closed. Most
 * networks have no such router, or need none: that is no failure, and nothing here throws.
 */
export function startPortMapping(options: PortMappingOptions): PortMapping {
  return new PortMapping(options);
}

/** A port that is mapped, or is not. It keeps no process from ending. */
export class PortMapping {
  /** Settles once it is known whether the port was mapped; it never rejects. */
  readonly first: Promise<MappedPort | undefined>;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #current: MappedPort | undefined;

  constructor({ port, gateway, onChange }: PortMappingOptions) {
    const job: PortMappingJob = { port, gateway };
    this.#worker = new Worker(new URL(`./port-mapping-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: PORT_MAPPING_HEAP_MIB_MAX },
    });
    this.#worker.unref();
    this.#worker.on('error', () => undefined);
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        resolve();
      });
    });
    this.first = new Promise((resolve) => {
      const settle = (mapped: MappedPort | undefined): void => {
        const isChanged = JSON.stringify(mapped) !== JSON.stringify(this.#current);
        this.#current = mapped;
        resolve(mapped);
        if (isChanged) onChange?.(mapped);
      };
      this.#worker.on('message', settle);
      void this.#exited.then(() => {
        settle(undefined);
      });
    });
  }

  /** Under what the world reaches the port now. */
  get current(): MappedPort | undefined {
    return this.#current;
  }

  /** Takes the mapping back, as far as that goes quickly. */
  async close(): Promise<void> {
    this.#worker.ref();
    this.#worker.postMessage('end');
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}
