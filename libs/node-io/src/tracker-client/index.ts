export { type AnnounceOptions, announceToTracker, type SwarmAnswer, TRACKER_TIMEOUT_MS } from './tracker-client.ts';
