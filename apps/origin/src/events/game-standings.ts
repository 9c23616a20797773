import { Injectable } from '@nestjs/common';
import { parsePatchListing } from '@swarmpatch/release';
import { ReleaseRepository } from '../releases/release.repository.ts';
import { TrustRepository } from '../trust/trust.repository.ts';
import type { GameStanding } from './game-news.ts';

/** Reads how a game stands from the database, which other origins may write to as well. */
@Injectable()
export class GameStandings {
  readonly #releases: ReleaseRepository;
  readonly #trust: TrustRepository;

  constructor(releases: ReleaseRepository, trust: TrustRepository) {
    this.#releases = releases;
    this.#trust = trust;
  }

  /** Every release, every channel and every patch makes it grow. */
  async metadataVersion(game: string): Promise<number> {
    return (await this.#trust.current(game, 'snapshot'))?.version ?? 0;
  }

  /** As it is now, or newer than its version says: then the next look finds another version. */
  async read(game: string): Promise<GameStanding> {
    const metadataVersion = await this.metadataVersion(game);
    const [releases, channels, listing] = await Promise.all([
      this.#releases.list(game),
      this.#releases.listChannels(game),
      this.#trust.currentListing(game),
    ]);
    return {
      game,
      metadataVersion,
      channels: channels.map(({ name, version, rolloutPercent: rollout }) => {
        return { name, version, ...(rollout !== undefined && { rollout }) };
      }),
      releases: releases.map(({ version }) => version),
      patches: (listing ? parsePatchListing(listing.bytes).patches : []).map(({ from, to, bytes }) => {
        return { from, to, bytes };
      }),
    };
  }
}
