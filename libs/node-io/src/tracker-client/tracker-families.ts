import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { TrackerError } from '@swarmpatch/tracker';

/** A family by which a tracker was not to be reached while it was by the other is left alone for so long. */
const REST_MS = 30 * 60_000;

export type AddressFamily = 4 | 6;

/** By which addresses trackers are announced to: peers of both families are to meet (BEP 7). */
export class TrackerFamilies {
  readonly #restsUntilMs: Map<string, number> = new Map();

  /** @throws {TrackerError} `tracker_unreachable` when the name cannot be resolved */
  async of(url: string): Promise<(AddressFamily | undefined)[]> {
    const host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
    // What is no usable address is for the announce to say.
    if (host === '' || isIP(host)) return [undefined];
    const addresses = await lookup(host, { all: true }).catch((error: unknown) => {
      const found = error instanceof Error ? error.message : String(error);
      throw new TrackerError('tracker_unreachable', `announce to ${url}: ${found}`, undefined, error);
    });
    const families = [...new Set(addresses.map(({ family }): AddressFamily => (family === 6 ? 6 : 4)))];
    const awake = families.filter((family) => (this.#restsUntilMs.get(`${url} ${family}`) ?? 0) <= performance.now());
    return awake.length > 0 ? awake : families;
  }

  /** The tracker answered, but not by this family. */
  rest(url: string, family: AddressFamily | undefined): void {
    if (family !== undefined) this.#restsUntilMs.set(`${url} ${family}`, performance.now() + REST_MS);
  }
}
