/** What every repository must do, whatever the database: run against each provider. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GameRepository } from '../games/game.repository.ts';
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
