import type { ReleasePieces } from '@swarmpatch/install';
import {
  type DescribedRelease,
  describeMiddle,
  type Middle,
  type MiddleRelease,
  type PlanOption,
} from '@swarmpatch/plan';
import type { Release, ReleaseSource } from '../origin/release-source.ts';

/** Of what an update downloads otherwise: what may be spent on documents, to find whether there is a cheaper way. */
export const DOCUMENT_SHARE_MAX = 0.02;

/** Releases in between, by way of which an update may go. Each is looked at once. */
export class MiddleReleases {
  readonly #source: ReleaseSource;
  readonly #installed: Release | undefined;
  readonly #target: ReleasePieces;
  readonly #known = new Map<string, Release | undefined>();

  constructor(source: ReleaseSource, ends: { installed: Release | undefined; target: ReleasePieces }) {
    this.#source = source;
    this.#installed = ends.installed;
    this.#target = ends.target;
  }

  /** @returns those of which the documents can be had for little. */
  async describe(middles: readonly Middle[], { downloadBytes }: PlanOption): Promise<MiddleRelease[]> {
    const installed = this.#installed?.pieces;
    if (installed === undefined) return [];
    const ends = { installed: describe(installed), target: describe(this.#target) };
    const described: MiddleRelease[] = [];
    let leftBytes = downloadBytes * DOCUMENT_SHARE_MAX;
    for (const { version, order } of middles) {
      if (!this.#known.has(version)) {
        leftBytes -= this.#source.documentBytes(version) ?? Infinity;
        if (leftBytes < 0) break;
        // It is just a chance: what goes wrong with it keeps nobody from an update.
        this.#known.set(version, await this.#source.release(version).catch(() => undefined));
      }
      const release = this.#known.get(version);
      if (release !== undefined) described.push(describeMiddle(ends, describe(release.pieces), order));
    }
    return described;
  }

  /** The release that comes as pieces before the patches of a way. */
  startOf({ steps }: Pick<PlanOption, 'steps'>): Release | undefined {
    const [first] = steps;
    return steps.length > 1 && first?.by === 'pieces' ? this.#known.get(first.to) : undefined;
  }
}

function describe({ manifest, layers }: ReleasePieces): DescribedRelease {
  return { manifest, layers };
}
