export type { ChannelRecord } from './channel-record.ts';
export type { Manifest, ManifestFile } from './manifest.ts';
export {
  CHANNEL_NAME_CHARACTERS_MAX,
  compareVersions,
  DEFAULT_CHANNEL,
  GAME_ID_CHARACTERS_MAX,
  parseChannelName,
  parseGameId,
  parseVersion,
  torrentName,
  VERSION_CHARACTERS_MAX,
} from './names.ts';
export { ReleaseError, type ReleaseErrorCode } from './release-error.ts';
