/** Reads metadata strictly, before any signature is looked at: the models below it take fractions as versions and junk as dates. */
import { publicKeyOf } from './keys.ts';
import {
  KEYS_MAX,
  type MetadataRole,
  metadataBytesMax,
  PATCH_LISTING_TARGET_PATH,
  PATCHES_PATH_PATTERN,
  PATCHES_ROLE,
} from './roles.ts';
import { TrustError } from './trust-error.ts';

type JsonObject = Readonly<Record<string, unknown>>;

export interface RoleDocument {
  role: MetadataRole;
  version: number;
  /** Milliseconds since 1970. */
  expiresMs: number;
  signed: JsonObject;
}

/**
 * Checks size, form, type, version, expiry and game of a metadata file; for a root, also that every key is what its id says, for targets that they delegate at most the listing of patches,
 * and for `patches` that it names nothing else.
 *
 * @throws {TrustError} `metadata_too_large`, `malformed_metadata`, `wrong_game`
 */
export function readRoleDocument(role: MetadataRole, bytes: Uint8Array, game: string): RoleDocument {
  const malformed = (found: string): TrustError =>
    new TrustError(
      'malformed_metadata',
      `read ${role} metadata: found ${found}; the repository is damaged or not one of ours`,
      role,
    );
  if (bytes.byteLength > metadataBytesMax[role]) {
    throw new TrustError(
      'metadata_too_large',
      `read ${role} metadata: found more than the ${metadataBytesMax[role]} bytes that it may have`,
      role,
    );
  }
  const document = parseJson(bytes);
  if (!isObject(document) || !isObject(document['signed'])) throw malformed('no signed JSON object');
  const { signed, signatures } = document as { signed: JsonObject; signatures?: unknown };
  if (!Array.isArray(signatures) || signatures.length > KEYS_MAX)
    throw malformed(`no list of at most ${KEYS_MAX} signatures`);
  if (signed['_type'] !== (role === PATCHES_ROLE ? 'targets' : role)) throw malformed(`type ${shown(signed['_type'])}`);
  const { version, expires, spec_version: specVersion } = signed;
  if (typeof specVersion !== 'string' || !/^1\.[0-9]+(?:\.[0-9]+)?$/.test(specVersion))
    throw malformed(`specification version ${shown(specVersion)}`);
  if (!Number.isSafeInteger(version) || (version as number) < 1) throw malformed(`version ${shown(version)}`);
  const expiresMs = parseExpiry(expires);
  if (expiresMs === undefined) throw malformed(`expiry ${shown(expires)}`);
  if (signed['game'] !== game) {
    throw new TrustError(
      'wrong_game',
      `read ${role} metadata: found that of game ${shown(signed['game'])}, wanted ${shown(game)}`,
      role,
    );
  }
  const fault = findFault(role, signed);
  if (fault !== undefined) throw malformed(fault);
  return { role, version: version as number, expiresMs, signed };
}

function findFault(role: MetadataRole, signed: JsonObject): string | undefined {
  switch (role) {
    case 'root':
      return findRootFault(signed);
    case 'targets':
      return signed['delegations'] === undefined ? undefined : findDelegationFault(signed['delegations']);
    case 'patches':
      return findPatchesFault(signed);
    case 'snapshot':
    case 'timestamp':
      return undefined;
  }
}

/** One key, one role, one pattern: whatever else a delegation could say is not used here. */
function findDelegationFault(delegations: unknown): string | undefined {
  if (!isObject(delegations) || !isObject(delegations['keys']) || !Array.isArray(delegations['roles']))
    return 'malformed delegations';
  const { keys, roles } = delegations as { keys: JsonObject; roles: unknown[] };
  if (Object.keys(delegations).length !== 2) return `delegations with ${shown(Object.keys(delegations))}`;
  const keyFault = findKeysFault(keys);
  if (keyFault !== undefined) return keyFault;
  const [role, ...more] = roles;
  if (!isObject(role) || more.length > 0 || role['name'] !== PATCHES_ROLE)
    return `delegations to other roles than ${PATCHES_ROLE}`;
  const { keyids, threshold, terminating, paths } = role;
  const [keyId] = Object.keys(keys);
  if (Object.keys(keys).length !== 1 || JSON.stringify(keyids) !== JSON.stringify([keyId]) || threshold !== 1)
    return `a delegation to ${PATCHES_ROLE} that is not to one key`;
  if (terminating !== true || JSON.stringify(paths) !== JSON.stringify([PATCHES_PATH_PATTERN]))
    return `a delegation to ${PATCHES_ROLE} of other paths than ${PATCHES_PATH_PATTERN}`;
  if ('path_hash_prefixes' in role) return `a delegation to ${PATCHES_ROLE} by path hashes`;
  return undefined;
}

function findPatchesFault({ targets, delegations }: JsonObject): string | undefined {
  if (delegations !== undefined) return 'delegations, which this role may not make';
  const paths = isObject(targets) ? Object.keys(targets) : [];
  if (paths.length !== 1 || paths[0] !== PATCH_LISTING_TARGET_PATH)
    return `targets other than ${PATCH_LISTING_TARGET_PATH}`;
  return undefined;
}

function findRootFault(signed: JsonObject): string | undefined {
  const { keys, roles } = signed;
  if (signed['consistent_snapshot'] !== true) return 'a repository without consistent snapshots';
  if (!isObject(keys) || !isObject(roles)) return 'no keys and roles';
  const keyFault = findKeysFault(keys);
  if (keyFault !== undefined) return keyFault;
  const names = Object.keys(roles).toSorted();
  if (names.join() !== 'root,snapshot,targets,timestamp') return `roles ${shown(names.join())}`;
  for (const role of Object.values(roles)) {
    if (!isObject(role) || !Array.isArray(role['keyids'])) return 'a malformed role';
    const { keyids, threshold } = role as { keyids: unknown[]; threshold?: unknown };
    if (!Number.isSafeInteger(threshold) || (threshold as number) < 1) return `threshold ${shown(threshold)}`;
    if (keyids.length > KEYS_MAX || (threshold as number) > keyids.length)
      return 'a threshold that its keys cannot reach';
    if (keyids.some((keyId) => typeof keyId !== 'string' || !Object.hasOwn(keys, keyId)))
      return 'a role whose key is not listed';
  }
  return undefined;
}

function findKeysFault(keys: JsonObject): string | undefined {
  if (Object.keys(keys).length > KEYS_MAX) return `more than ${KEYS_MAX} keys`;
  for (const [keyId, key] of Object.entries(keys)) {
    const publicKey = isObject(key) && isObject(key['keyval']) ? key['keyval']['public'] : undefined;
    if (!isObject(key) || key['keytype'] !== 'ed25519' || key['scheme'] !== 'ed25519')
      return 'a key that is not ed25519';
    if (typeof publicKey !== 'string' || !/^[0-9a-f]{64}$/.test(publicKey)) return 'a malformed public key';
    // One key under two ids would count twice towards a threshold.
    if (publicKeyOf(publicKey).keyId !== keyId) return `a key under the id ${shown(keyId)}, which is not its own`;
  }
  return undefined;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function parseExpiry(expires: unknown): number | undefined {
  if (typeof expires !== 'string' || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(expires))
    return undefined;
  const expiresMs = Date.parse(expires);
  return Number.isNaN(expiresMs) ? undefined : expiresMs;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 80);
}
