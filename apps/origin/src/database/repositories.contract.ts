/** What every repository must do, whatever the database: run against each provider. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GameRepository } from '../games/game.repository.ts';
import { type PatchRecord, PatchRepository, type StoredPatch } from '../patches/patch.repository.ts';
import { VersionUseRepository } from '../patches/version-use.repository.ts';
import { type ReleaseRecord, ReleaseRepository } from '../releases/release.repository.ts';
import { TokenRepository } from '../tokens/token.repository.ts';
import { type Publication, PublicationRepository } from '../trust/publication.repository.ts';
import { type MetadataFile, TrustRepository } from '../trust/trust.repository.ts';
import { UploadRepository } from '../uploads/upload.repository.ts';
import { Database } from './database.ts';
import { migrate } from './migrations.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12, 0, 0, 123);
const HOUR_MS = 3_600_000;

function metadata(version: number, text = `v${version}`): MetadataFile {
  return { version, bytes: Buffer.from(text), expiresAtMs: NOW_MS + version * HOUR_MS };
}

function release(game: string, version: string, publishedAtMs = NOW_MS): ReleaseRecord {
  return {
    game,
    version,
    name: `${game}-${version}`,
    lengthBytes: 5 * 2 ** 40 + 1,
    fileCount: 60_000,
    infohashV1: '1'.repeat(40),
    infohashV2: '2'.repeat(64),
    manifestPiecesRoot: 'a'.repeat(64),
    manifestSha256: 'b'.repeat(64),
    torrentPiecesRoot: 'c'.repeat(64),
    publishedAtMs,
  };
}

export function describeRepositories(
  provider: string,
  open: () => Promise<{ url: string; remove(): Promise<void> }>,
): void {
  describe(`repositories on ${provider}`, () => {
    let place: { url: string; remove(): Promise<void> };
    let database: Database;
    let games: GameRepository;
    let publications: PublicationRepository;
    let releases: ReleaseRepository;
    let trust: TrustRepository;
    beforeAll(async () => {
      place = await open();
      await migrate(place.url);
      database = await Database.open(place.url);
      games = new GameRepository(database);
      publications = new PublicationRepository(database);
      releases = new ReleaseRepository(database);
      trust = new TrustRepository(database);
    });
    afterAll(async () => {
      await database.close();
      await place.remove();
    });

    const addGame = async (id: string): Promise<void> => {
      await games.add({ id, title: `Title of ${id}`, state: 'pending', onlineKeyId: 'k', createdAtMs: NOW_MS });
      const first = { root: metadata(1), targets: metadata(1), snapshot: metadata(1), timestamp: metadata(1) };
      await publications.open(id, { rootFingerprint: 'f'.repeat(64), ...first });
    };
    const publication = (game: string, version: number, rest: Partial<Publication> = {}): Publication => {
      const files = { targets: metadata(version), snapshot: metadata(version), timestamp: metadata(version) };
      return { game, ...files, documents: [], channels: [], nowMs: NOW_MS, ...rest };
    };

    it('migrate() changes nothing the second time', async () => {
      expect(await migrate(place.url)).toEqual([]);
    });

    it('check() answers while the database is there', async () => {
      await expect(database.check()).resolves.toBeUndefined();
    });

    it('GameRepository keeps a game once, and opens it once', async () => {
      const game = { id: 'once', title: 'Spiel 🎲', state: 'pending', onlineKeyId: 'k1', createdAtMs: NOW_MS } as const;
      expect(await games.add(game)).toBe(true);
      expect(await games.add({ ...game, title: 'other' })).toBe(false);
      expect(await games.find('once')).toEqual(game);
      expect(await games.find('none')).toBeUndefined();
      const first = { root: metadata(1), targets: metadata(1), snapshot: metadata(1), timestamp: metadata(1) };
      await publications.open('once', { rootFingerprint: 'f'.repeat(64), ...first });
      expect(await games.find('once')).toEqual({ ...game, state: 'ready', rootFingerprint: 'f'.repeat(64) });
      await expect(publications.open('once', { rootFingerprint: 'e'.repeat(64), ...first })).rejects.toMatchObject({
        code: 'game_exists',
      });
      expect((await games.list()).map(({ id }) => id)).toContain('once');
    });

    it('PublicationRepository publishes release, channel, documents and metadata together', async () => {
      await addGame('together');
      const document = {
        path: 'channels/stable.json',
        sha256: 'd'.repeat(64),
        lengthBytes: 9,
        piecesRoot: 'e'.repeat(64),
      };
      await publications.publish(
        publication('together', 2, {
          release: { ...release('together', '1.0.0'), notes: 'first' },
          documents: [document],
          channels: [{ name: 'stable', version: '1.0.0', rolloutPercent: 12.5 }],
        }),
      );
      expect(await releases.find('together', '1.0.0')).toEqual({ ...release('together', '1.0.0'), notes: 'first' });
      expect(await releases.listChannels('together')).toEqual([
        { name: 'stable', version: '1.0.0', rolloutPercent: 12.5 },
      ]);
      expect(await trust.target('together', document.path, document.sha256)).toEqual(document);
      expect(await trust.listTargetKeys('together')).toEqual(new Set([`${document.path} ${document.sha256}`]));
      const current = await trust.current('together', 'targets');
      expect(Buffer.from(current?.bytes ?? []).toString()).toBe('v2');
      expect(current).toMatchObject({ version: 2, expiresAtMs: NOW_MS + 2 * HOUR_MS });
      expect(await trust.metadata('together', 'targets', 1)).toMatchObject({ version: 1 });
      // Timestamps have no version in their name: only the newest is ever asked for.
      expect(await trust.metadata('together', 'timestamp', 1)).toBeUndefined();
    });

    it('PublicationRepository writes nothing when one part is refused', async () => {
      await addGame('atomic');
      await publications.publish(publication('atomic', 2, { release: release('atomic', '1.0.0') }));
      await expect(
        publications.publish(publication('atomic', 3, { release: release('atomic', '1.0.0') })),
      ).rejects.toMatchObject({ code: 'version_exists' });
      expect(await trust.current('atomic', 'targets')).toMatchObject({ version: 2 });
      expect(await trust.current('atomic', 'timestamp')).toMatchObject({ version: 2 });
      const unknownChannel = { channels: [{ name: 'stable', version: '9.9.9' }], release: release('atomic', '2.0.0') };
      await expect(publications.publish(publication('atomic', 3, unknownChannel))).rejects.toThrow();
      expect(await releases.find('atomic', '2.0.0')).toBeUndefined();
      expect(await trust.current('atomic', 'snapshot')).toMatchObject({ version: 2 });
    });

    it('PublicationRepository lets one of two racing publishers win', async () => {
      await addGame('race');
      const results = await Promise.allSettled(
        ['1.0.0', '1.1.0'].map((version) =>
          publications.publish(publication('race', 2, { release: release('race', version) })),
        ),
      );
      expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({
        code: 'targets_version_conflict',
      });
      expect(await releases.list('race')).toHaveLength(1);
    });

    it('PublicationRepository moves, stages and drops channels', async () => {
      await addGame('moves');
      const channel = (name: string, version: string): { name: string; version: string } => ({ name, version });
      await publications.publish(
        publication('moves', 2, {
          release: release('moves', '1.0.0'),
          channels: [channel('stable', '1.0.0'), channel('beta', '1.0.0')],
        }),
      );
      await publications.publish(
        publication('moves', 3, {
          release: release('moves', '1.1.0', NOW_MS + 1),
          channels: [channel('stable', '1.1.0')],
        }),
      );
      expect(await releases.listChannels('moves')).toEqual([channel('stable', '1.1.0')]);
      expect((await releases.list('moves')).map(({ version }) => version)).toEqual(['1.1.0', '1.0.0']);
      expect(await releases.latestVersion('moves')).toBe('1.1.0');
      expect(await releases.latestVersion('none')).toBeUndefined();
      expect((await releases.listTorrents()).length).toBeGreaterThan(1);
    });

    it('PublicationRepository renews the timestamp alone', async () => {
      await addGame('renewed');
      await publications.renew('renewed', { timestamp: metadata(2, 'renewed') });
      expect(await trust.current('renewed', 'timestamp')).toMatchObject({ version: 2 });
      expect(await trust.current('renewed', 'snapshot')).toMatchObject({ version: 1 });
      await expect(publications.renew('renewed', { timestamp: metadata(2) })).rejects.toMatchObject({
        code: 'targets_version_conflict',
      });
    });

    it('UploadRepository replaces an upload of the same version, and publishing ends it', async () => {
      await addGame('uploads');
      const uploads = new UploadRepository(database);
      const document = (digit: string) => ({
        piecesRoot: digit.repeat(64),
        sha256: digit.repeat(64),
        lengthBytes: 40_000_000,
      });
      const upload = {
        game: 'uploads',
        version: '1.0.0',
        manifest: document('1'),
        torrent: document('2'),
        startedAtMs: NOW_MS,
      };
      await uploads.put(upload);
      await uploads.put({ ...upload, manifest: document('3'), startedAtMs: NOW_MS + 1 });
      expect(await uploads.find('uploads', '1.0.0')).toEqual({ ...upload, manifest: document('3') });
      await publications.publish(publication('uploads', 2, { release: release('uploads', '1.0.0') }));
      expect(await uploads.find('uploads', '1.0.0')).toBeUndefined();
    });

    it('PublicationRepository offers listings of patches, and keeps the newest ones alone', async () => {
      await addGame('listed');
      for (let version = 1; version <= 20; version += 1) {
        const bytes = Buffer.from(`listing ${version}`);
        await publications.offerPatches('listed', {
          patches: metadata(version, 'listed'),
          listing: { sha256: String(version).padStart(64, '0'), bytes },
          snapshot: metadata(version + 1, 'listed'),
          timestamp: metadata(version + 1, 'listed'),
        });
      }
      const current = await trust.currentListing('listed');
      expect(current?.sha256).toBe('20'.padStart(64, '0'));
      expect(Buffer.from(current?.bytes ?? []).toString()).toBe('listing 20');
      expect(await trust.current('listed', 'patches')).toMatchObject({ version: 20 });
      expect(await trust.current('listed', 'snapshot')).toMatchObject({ version: 21 });
      expect(await trust.listing('listed', '5'.padStart(64, '0'))).toBeDefined();
      expect(await trust.listing('listed', '4'.padStart(64, '0'))).toBeUndefined();
      expect(await trust.metadata('listed', 'patches', 4)).toBeUndefined();
      expect(await trust.currentListing('none')).toBeUndefined();
    });

    it('PatchRepository takes a patch from the queue once, and remembers what became of it', async () => {
      await addGame('patched');
      const patches = new PatchRepository(database);
      const pair = (from: string, to = '2.0.0') => ({ game: 'patched', from, to });
      await patches.queue(
        [
          { ...pair('1.0.0'), rank: 1 },
          { ...pair('1.1.0'), rank: 0 },
        ],
        NOW_MS,
      );
      const begun = (await patches.begin(NOW_MS)) as PatchRecord;
      expect(begun).toEqual({ ...pair('1.1.0'), state: 'running', rank: 0, attempts: 1, defeated: [] });
      const defeated = [{ path: 'a.pak', bytes: 5 * 2 ** 40, costBytes: 4 * 2 ** 40 }];
      const stored: StoredPatch = {
        bytes: 5 * 2 ** 40,
        writtenBytes: 6 * 2 ** 40,
        oldReadBytes: 0,
        torrent: { infohashV1: '1'.repeat(40), infohashV2: '2'.repeat(64) },
        piecesRoot: '3'.repeat(64),
        torrentPiecesRoot: '4'.repeat(64),
      };
      expect(await patches.finish(begun, { state: 'ready', stored, defeated }, NOW_MS)).toBe(true);
      expect(await patches.finish(begun, { state: 'failed', reason: 'late' }, NOW_MS)).toBe(false);
      await patches.queue([{ ...pair('1.1.0'), rank: 3 }], NOW_MS);
      expect(await patches.find(begun)).toEqual({ ...begun, state: 'ready', rank: 3, stored, defeated });
      expect((await patches.listReady()).filter(({ game }) => game === 'patched')).toHaveLength(1);

      const second = (await patches.begin(NOW_MS)) as PatchRecord;
      await patches.finish(second, { state: 'waiting' }, NOW_MS);
      expect(await patches.find(second)).toMatchObject({ state: 'waiting', attempts: 0 });
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        expect(await patches.begin(NOW_MS)).toMatchObject({ from: '1.0.0', attempts: attempt });
        await patches.recover(2, NOW_MS);
      }
      expect(await patches.find(second)).toMatchObject({
        state: 'failed',
        reason: 'the origin ended 2 times while making it',
      });
      expect(await patches.begin(NOW_MS)).toBeUndefined();

      const last = { ...pair('0.1.0'), rank: 9 };
      await patches.queue([last], NOW_MS);
      const failed = { state: 'failed', reason: 'no memory' } as const;
      await patches.begin(NOW_MS);
      await patches.finish(last, failed, NOW_MS);
      await patches.retry({ attemptsMax: 2, endedBeforeMs: NOW_MS - 1 }, NOW_MS);
      expect(await patches.find(last)).toMatchObject(failed);
      await patches.retry({ attemptsMax: 2, endedBeforeMs: NOW_MS }, NOW_MS);
      expect(await patches.begin(NOW_MS)).toMatchObject({ from: last.from, attempts: 2 });
      await patches.finish(last, failed, NOW_MS);
      await patches.retry({ attemptsMax: 2, endedBeforeMs: NOW_MS }, NOW_MS);
      expect(await patches.begin(NOW_MS)).toBeUndefined();
      await patches.remove([last]);

      await patches.withdraw([begun], 'no room', NOW_MS);
      expect(await patches.find(begun)).toEqual({ ...begun, state: 'rejected', rank: 3, reason: 'no room', defeated });
      await patches.remove([begun, second, pair('9.9.9')]);
      expect(await patches.list('patched')).toEqual([]);
    });

    it('VersionUseRepository adds up updates, and keeps the peak of peers, by day', async () => {
      await addGame('used');
      const uses = new VersionUseRepository(database);
      const use = (version: string, updates: number, peers: number) => ({ game: 'used', version, updates, peers });
      await uses.add(100, [use('1.0.0', 2, 5), use('1.1.0', 1, 0)]);
      await uses.add(100, [use('1.0.0', 3, 4)]);
      await uses.add(101, [use('1.0.0', 1, 7)]);
      const byVersion = (left: { version: string }, right: { version: string }) =>
        left.version.localeCompare(right.version);
      expect((await uses.since('used', 100)).toSorted(byVersion)).toEqual([use('1.0.0', 6, 7), use('1.1.0', 1, 0)]);
      expect(await uses.since('used', 101)).toEqual([use('1.0.0', 1, 7)]);
      await uses.forgetBefore(101);
      expect(await uses.since('used', 0)).toEqual([use('1.0.0', 1, 7)]);
    });

    it('TokenRepository finds, lists and revokes', async () => {
      const tokens = new TokenRepository(database);
      const first = { id: 'aa', sha256: '1'.repeat(64), scope: 'admin', createdAtMs: NOW_MS } as const;
      const second = {
        ...first,
        id: 'bb',
        scope: 'publish:g',
        createdAtMs: NOW_MS + 1,
        expiresAtMs: NOW_MS + HOUR_MS,
      } as const;
      await tokens.add(second);
      await tokens.add(first);
      expect(await tokens.list()).toEqual([first, second]);
      expect(await tokens.revoke('bb', NOW_MS + 2)).toBe(true);
      expect(await tokens.revoke('bb', NOW_MS + 3)).toBe(false);
      expect(await tokens.revoke('none', NOW_MS)).toBe(false);
      expect(await tokens.find('bb')).toEqual({ ...second, revokedAtMs: NOW_MS + 2 });
      expect(await tokens.find('cc')).toBeUndefined();
    });
  });
}
