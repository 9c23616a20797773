/** What a channel means; signed as the target `channels/CHANNEL.json`. */
export interface ChannelRecord {
  format: 1;
  game: string;
  channel: string;
  version: string;
  /** Percent of installs that may take this version, 0 to 100; absent means all. */
  rollout?: number;
  /** Versions that the channel named before, newest first. */
  history: string[];
}
