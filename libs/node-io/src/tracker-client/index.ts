export { type AnnouncedProgress, type AnnouncedTorrent, TieredAnnouncer } from './tiered-announcer.ts';
export {
  type AnnounceOptions,
  announceToTracker,
  type SwarmAnswer,
  TRACKER_TIMEOUT_MS,
  TrackerClient,
  UDP_TRACKER_TIMEOUT_MS,
} from './tracker-client.ts';
