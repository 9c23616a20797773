/** What targets metadata may name here: releases and channels whose bytes this origin has. */
import { type ChannelRecord, parseChannelRecord } from '@swarmpatch/release';
import { channelTargetPath, manifestTargetPath, type TrustedTargets, torrentTargetPath } from '@swarmpatch/trust';
import { OriginError } from '../origin-error.ts';
import { targetKey, type TargetRecord } from './trust.repository.ts';

interface PublicationFacts {
  game: string;
  /** `targetKey` of everything that was published before. */
  knownTargets: ReadonlySet<string>;
  /** Documents that come with these targets. */
  newTargets: readonly TargetRecord[];
  /** Published, and the one being published. */
  versions: ReadonlySet<string>;
}

/** @throws {OriginError} `bad_trust` */
export function checkTargets(next: TrustedTargets, facts: PublicationFacts): void {
  const refuse = (found: string): OriginError =>
    new OriginError('bad_trust', `publish to ${facts.game}: found ${found}; publish again with the current metadata`);
  const fresh = new Set(facts.newTargets.map(({ path, sha256 }) => targetKey(path, sha256)));
  for (const [path, { sha256, lengthBytes }] of next.targets) {
    const key = targetKey(path, sha256);
    if (!facts.knownTargets.has(key) && !fresh.has(key)) throw refuse(`target ${path}, whose bytes are not here`);
    const document = facts.newTargets.find((target) => target.path === path);
    if (document && document.lengthBytes !== lengthBytes) {
      throw refuse(`target ${path} with ${lengthBytes} bytes where there are ${document.lengthBytes}`);
    }
  }
  for (const { path, sha256 } of facts.newTargets) {
    if (next.targets.get(path)?.sha256 !== sha256) throw refuse(`document ${path}, which the targets do not name so`);
  }
  for (const version of facts.versions) {
    for (const path of [manifestTargetPath(version), torrentTargetPath(version)]) {
      if (!next.targets.has(path)) throw refuse(`no target ${path}, of a release that is published`);
    }
  }
}

/**
 * Reads a channel's document.
 *
 * @throws {OriginError} `bad_trust`
 * @throws {ReleaseError} `bad_channel_record` and its fields' codes
 */
export function readChannel(
  path: string,
  bytes: Uint8Array,
  facts: Pick<PublicationFacts, 'game' | 'versions'>,
): ChannelRecord {
  const record = parseChannelRecord(bytes);
  const refuse = (found: string): OriginError =>
    new OriginError('bad_trust', `move channel: found ${found} in ${path}`);
  if (record.game !== facts.game) throw refuse(`game ${record.game}, wanted ${facts.game}`);
  if (channelTargetPath(record.channel) !== path) throw refuse(`channel ${record.channel}`);
  if (!facts.versions.has(record.version)) throw refuse(`version ${record.version}, which is not published`);
  return record;
}

export function isChannelPath(path: string): boolean {
  return path.startsWith('channels/');
}
