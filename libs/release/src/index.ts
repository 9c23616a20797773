export {
  CHANNEL_HISTORY_MAX,
  CHANNEL_RECORD_BYTES_MAX,
  encodeChannelRecord,
  moveChannel,
  parseChannelRecord,
  rollBackChannel,
  type ChannelRecord,
} from './channel-record.ts';
export {
  encodeManifest,
  LAUNCHER_DIRECTORY,
  PAD_DIRECTORY,
  MANIFEST_BYTES_MAX,
  MANIFEST_WEB_SEEDS_MAX,
  NOTES_CHARACTERS_MAX,
  parseManifest,
  type Manifest,
  type ManifestFile,
} from './manifest.ts';
export { assertManifestMatchesTorrent, createManifest, type ManifestSource } from './manifest-torrent.ts';
export {
  CHANNEL_NAME_CHARACTERS_MAX,
  channelNameForm,
  compareVersions,
  DEFAULT_CHANNEL,
  GAME_ID_CHARACTERS_MAX,
  gameIdForm,
  type NameForm,
  parseChannelName,
  parseGameId,
  parsePatchRange,
  parseVersion,
  patchName,
  patchRange,
  torrentName,
  VERSION_CHARACTERS_MAX,
  versionForm,
} from './names.ts';
export {
  encodePatchListing,
  joinsReleases,
  parsePatchListing,
  PATCH_LISTING_BYTES_MAX,
  PATCHES_MAX,
  type PatchEntry,
  type PatchListing,
} from './patch-listing.ts';
export { ReleaseError, type ReleaseErrorCode } from './release-error.ts';
