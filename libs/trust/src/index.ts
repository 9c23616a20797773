export {
  createPatches,
  createRoot,
  createSnapshot,
  createTargets,
  createTimestamp,
  describeTarget,
  expiryOf,
  type RoleKeys,
  type TargetInfo,
} from './create-metadata.ts';
export { publicKeyOf, rootFingerprintOf, signerFromPem } from './keys.ts';
export type { PublicKey, Signer, TrustCache, TrustFetcher } from './ports.ts';
export {
  channelTargetPath,
  CLOCK_MS_MIN,
  KEYS_MAX,
  manifestTargetPath,
  metadataBytesMax,
  metadataFileName,
  type MetadataRole,
  PATCH_LISTING_TARGET_PATH,
  PATCHES_ROLE,
  ROOT_ROTATIONS_MAX,
  roleLifetimeMs,
  TARGET_BYTES_MAX,
  targetFileName,
  torrentTargetPath,
  type RoleName,
} from './roles.ts';
export { verifyFirstTrust, verifyNextTargets, type FirstTrust } from './publication.ts';
export type { CacheFinding, TrustClientOptions } from './metadata-keeper.ts';
export { TrustClient } from './trust-client.ts';
export type { TrustedTargets } from './trusted-set.ts';
export { TrustError, type TrustErrorCode } from './trust-error.ts';
