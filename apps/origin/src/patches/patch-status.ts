import { Injectable } from '@nestjs/common';
import type { GameStatusReply, PatchSummary } from '@swarmpatch/api-contract';
import { INFOHASH_BYTES } from '@swarmpatch/tracker';
import { Clock } from '../clock.ts';
import { Traffic } from '../operations/traffic.ts';
import { ReleaseRepository } from '../releases/release.repository.ts';
import { CountingTracker } from '../tracker/counting-tracker.ts';
import { PatchJobs } from './patch-jobs.ts';
import { type PatchRecord, PatchRepository } from './patch.repository.ts';
import { VersionUses } from './version-uses.ts';

interface Torrent {
  infohashV1: string;
  infohashV2: string;
}

/** What the origin knows of a game in the world: who runs what, where bytes come from, and which patches there are. */
@Injectable()
export class PatchStatus {
  readonly #releases: ReleaseRepository;
  readonly #patches: PatchRepository;
  readonly #uses: VersionUses;
  readonly #tracker: CountingTracker;
  readonly #traffic: Traffic;
  readonly #jobs: PatchJobs;
  readonly #clock: Clock;

  constructor(
    releases: ReleaseRepository,
    patches: PatchRepository,
    uses: VersionUses,
    tracker: CountingTracker,
    traffic: Traffic,
    jobs: PatchJobs,
    clock: Clock,
  ) {
    this.#releases = releases;
    this.#patches = patches;
    this.#uses = uses;
    this.#tracker = tracker;
    this.#traffic = traffic;
    this.#jobs = jobs;
    this.#clock = clock;
  }

  async patchesTo(game: string, version: string): Promise<PatchSummary[]> {
    return (await this.#patches.list(game)).filter(({ to }) => to === version).map((patch) => this.#summaryOf(patch));
  }

  async of(game: string): Promise<GameStatusReply> {
    const [releases, channels, patches, uses] = await Promise.all([
      this.#releases.list(game),
      this.#releases.listChannels(game),
      this.#patches.list(game),
      this.#uses.of(game),
    ]);
    const torrents: Torrent[] = [...releases, ...patches.flatMap(({ stored }) => stored?.torrent ?? [])];
    return {
      game,
      peers: torrents.reduce((sum, torrent) => sum + this.#peersOf(torrent), 0),
      versions: uses.map(({ version, seeds, leechers, peers, updates }) => ({
        version,
        channels: channels.filter((channel) => channel.version === version).map(({ name }) => name),
        seeds,
        leechers,
        peersMost: peers,
        updates,
      })),
      bytes: {
        fromOrigin: this.#traffic.bytesOf(game),
        fromPeers: torrents.reduce((sum, torrent) => sum + this.#uploadedBytes(torrent), 0),
      },
      since: new Date(this.#traffic.sinceMs).toISOString(),
      patches: patches.map((patch) => this.#summaryOf(patch)),
    };
  }

  #peersOf({ infohashV1 }: Torrent): number {
    const { seeds, leechers } = this.#tracker.countPeers(Buffer.from(infohashV1, 'hex'), this.#clock.nowMs());
    return seeds + leechers;
  }

  #uploadedBytes({ infohashV1, infohashV2 }: Torrent): number {
    const announcedV2 = infohashV2.slice(0, 2 * INFOHASH_BYTES);
    return this.#tracker.uploadedBytes(infohashV1) + this.#tracker.uploadedBytes(announcedV2);
  }

  #summaryOf(patch: PatchRecord): PatchSummary {
    const { from, to, state, reason, stored, defeated } = patch;
    const progress = state === 'running' ? this.#jobs.progressOf(patch) : undefined;
    return {
      from,
      to,
      state,
      ...(reason !== undefined && { reason }),
      ...(progress && { progress }),
      ...(stored && {
        bytes: stored.bytes,
        writtenBytes: stored.writtenBytes,
        oldReadBytes: stored.oldReadBytes,
        ...stored.torrent,
      }),
      ...(defeated.length > 0 && { defeated }),
    };
  }
}
