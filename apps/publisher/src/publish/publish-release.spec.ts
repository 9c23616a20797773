import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PatchSummary } from '@swarmpatch/api-contract';
import { createKeyDirectory } from '@swarmpatch/node-io/keys';
import { moveChannel, rollBackChannel } from '@swarmpatch/release';
import { generateBuild, nextBuild, writeBuild } from '@swarmpatch/testkit';
import { torrentTargetPath } from '@swarmpatch/trust';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGame } from '../origin/create-game.ts';
import { Origin } from '../origin/origin.ts';
import { Studio } from '../origin/studio.ts';
import { Refusal, ScratchOrigin } from '../testing/scratch-origin.contract.ts';
import { describeRelease } from './described-release.ts';
import type { Patience } from './patience.ts';
import {
  chooseCompared,
  COMPARED_RELEASES_MAX,
  describeCompared,
  type PlayerCost,
  priceForPlayers,
} from './player-costs.ts';
import { checkPublishable, commitDraft, estimateUpload, uploadDraft } from './publish-release.ts';
import { draftRelease, type ReleaseDraft } from './release-draft.ts';

const { signal } = new AbortController();
const patience: Patience = { signal, backoffMs: 0, onRetry: () => undefined };
const build = generateBuild(21, { files: 6, largestBytes: 200_000 });
const builds = {
  '1.0.0': build,
  '1.0.0 again': nextBuild(build, 1),
  '1.0.1': nextBuild(build, 3),
  '1.1.0': nextBuild(build, 2),
  '1.1.0-beta.1': nextBuild(build, 2),
};
const drafts = new Map<string, ReleaseDraft>();
let buildsDirectory: string;

// Starting the hash threads takes longer than these builds do.
beforeAll(async () => {
  buildsDirectory = await mkdtemp(join(tmpdir(), 'publish-builds-'));
  for (const [name, files] of Object.entries(builds)) {
    const path = join(buildsDirectory, name);
    await writeBuild(files, path);
    const [version = ''] = name.split(' ');
    drafts.set(
      name,
      await draftRelease(path, { game: 'starfall', version, webSeeds: ['http://origin.example/'], notes: undefined }),
    );
  }
});
afterAll(() => rm(buildsDirectory, { recursive: true, force: true }));

let directory: string;
let keys: string;
let scratch: ScratchOrigin;
let origin: Origin;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'publish-'));
  keys = join(directory, 'keys');
  scratch = new ScratchOrigin();
  scratch.server.listen(0, '127.0.0.1');
  await once(scratch.server, 'listening');
  origin = new Origin(`${scratch.url}/`, 'good', signal);
  await createKeyDirectory(keys);
});
afterEach(async () => {
  scratch.server.closeAllConnections();
  scratch.server.close();
  await rm(directory, { recursive: true, force: true });
});

const create = (keysDirectory = keys): ReturnType<typeof createGame> =>
  createGame({ game: 'starfall', title: 'Starfall', keys: keysDirectory, origin, nowMs: Date.now() });
const open = (keysDirectory = keys): Promise<Studio> =>
  Studio.open({ game: 'starfall', keys: keysDirectory, origin, nowMs: () => Date.now() });

function draftOf(name: keyof typeof builds): ReleaseDraft {
  const found = drafts.get(name);
  if (found === undefined) throw new Error(`no draft ${name}`);
  return found;
}

async function publish(release: ReleaseDraft, channel = 'stable'): Promise<void> {
  await uploadDraft(origin, release, patience, () => undefined);
  await commitDraft({ origin, studio: await open(), draft: release, channel, patience });
}

describe('createGame()', () => {
  it('may be repeated, and never takes over a game that has other keys', async () => {
    const first = await create();
    expect(await create()).toEqual(first);
    const others = join(directory, 'others');
    await createKeyDirectory(others);
    await expect(create(others)).rejects.toMatchObject({ code: 'game_exists' });
  });
});

describe('publishing', () => {
  it('uploads, signs the release and moves the channel', async () => {
    await create();
    const release = draftOf('1.0.0');
    expect(await checkPublishable(origin, await open(), '1.0.0')).toBe(`${scratch.url}/content/starfall/1.0.0/`);
    await publish(release);
    const studio = await open();
    expect(await studio.channel('stable')).toMatchObject({ version: '1.0.0', history: [] });
    expect(await studio.manifest('1.0.0')).toEqual(release.manifest);
    expect([...scratch.blobs.keys()].toSorted()).toEqual([...release.sources.keys()].toSorted());
    await expect(checkPublishable(origin, studio, '1.0.0')).rejects.toMatchObject({ code: 'version_exists' });
  });

  it('sends only what the origin lacks of the next build, and told so beforehand', async () => {
    await create();
    await publish(draftOf('1.0.0'));
    const next = draftOf('1.1.0');
    const expected = estimateUpload([await (await open()).describe('1.0.0')], next);
    const { newBytes, uploadedBytes } = await uploadDraft(origin, next, patience, () => undefined);
    expect(newBytes).toBe(expected);
    expect(uploadedBytes).toBe(newBytes);
    expect(newBytes).toBeLessThan(next.manifest.bytes);
  });

  it('tells it for players on the newest release, on those that most players have, and on the newest others', () => {
    const newest = Array.from({ length: 20 }, (_, at) => `1.${19 - at}.0`);
    const use = (version: string, peersMost: number, updates: number) => ({ version, peersMost, updates });
    expect(chooseCompared(newest, [])).toEqual(newest.slice(0, COMPARED_RELEASES_MAX));
    const uses = [use('1.18.0', 0, 0), use('1.0.0', 3, 4), use('1.1.0', 9, 0), use('0.9.0', 50, 0)];
    expect(chooseCompared(newest, uses).slice(0, 5)).toEqual(['1.19.0', '1.1.0', '1.0.0', '1.18.0', '1.17.0']);
    expect(chooseCompared(newest, uses)).toHaveLength(COMPARED_RELEASES_MAX);
    const many = newest.map((version, at) => use(version, at, 0));
    expect(chooseCompared(newest, many)[0]).toBe('1.19.0');
    expect(chooseCompared([], uses)).toEqual([]);
  });

  it('tells what players on each release will fetch, and goes on without a release that cannot be read', async () => {
    await create();
    await publish(draftOf('1.0.0'));
    await publish(draftOf('1.0.1'));
    const { manifest, torrentBytes } = draftOf('1.1.0');
    const target = describeRelease(manifest, torrentBytes);
    const complaints: string[] = [];
    const patches: PatchSummary[] = [];
    const look = async (): Promise<PlayerCost[]> => {
      const onUnreadable = (message: string): number => complaints.push(message);
      return priceForPlayers(await describeCompared(await open(), [], { signal, onUnreadable }), target, patches);
    };
    const players = await look();
    expect(players.map((player) => player.from)).toEqual(['1.0.1', '1.0.0']);
    for (const { chosen, options, missing, costliest, patchBytes } of players) {
      expect(missing).toMatchObject([{ kind: 'patch' }]);
      expect({ chosen, patchBytes }).toEqual({ chosen: 'pieces', patchBytes: null });
      expect(options.map((option) => option.kind)).toEqual(['pieces', 'full']);
      expect(options[0]?.downloadBytes).toBeLessThan(manifest.bytes);
      expect(costliest[0]?.missingBytes).toBeGreaterThan(0);
    }
    const price = { bytes: 10, writtenBytes: manifest.bytes, oldReadBytes: manifest.bytes };
    patches.push({ from: '1.0.1', to: '1.1.0', state: 'ready', ...price });
    patches.push({ from: '1.0.0', to: '1.1.0', state: 'rejected' });
    expect(await look()).toMatchObject([
      { from: '1.0.1', chosen: 'patch', patchBytes: 10 },
      { from: '1.0.0', chosen: 'pieces', patchBytes: null },
    ]);
    patches.push({ from: '1.0.0', to: '1.0.1', state: 'ready', ...price });
    const chain = [
      { by: 'patch', to: '1.0.1' },
      { by: 'patch', to: '1.1.0' },
    ];
    const chained = await look();
    expect(chained.map(({ options }) => options[0]?.steps)).toEqual([chain.slice(1), chain]);
    expect(chained[1]).toMatchObject({ chosen: 'patch', patchBytes: null });
    patches.splice(0, 2);
    const ways = (await look())[1]?.options.filter(({ kind }) => kind === 'patch');
    expect(ways?.map(({ steps }) => steps)).toEqual([[chain[0], { by: 'pieces', to: '1.1.0' }]]);
    patches.splice(0);
    scratch.documents.set(torrentTargetPath('1.0.1'), draftOf('1.0.0').torrentBytes);
    expect(await look()).toEqual(players.slice(1));
    expect(complaints).toEqual([
      expect.stringMatching(/^cannot compare with release 1.0.1: compare manifest and torrent/),
    ]);
  });

  it('signs again upon what somebody else published in between, and keeps both', async () => {
    await create();
    await publish(draftOf('1.0.0'));
    const beta = draftOf('1.1.0-beta.1');
    const rival = draftOf('1.0.1');
    await uploadDraft(origin, rival, patience, () => undefined);
    let commits = 0;
    const rivals = new Promise<void>((resolve, reject) => {
      scratch.onCommit = (_, commit) => {
        commits += 1;
        if (commits > 1) {
          commit();
          return;
        }
        commitRival(rival).then(resolve, reject);
        throw new Refusal('targets_version_conflict');
      };
    });
    await publish(beta, 'beta');
    await rivals;
    const studio = await open();
    expect(studio.newestVersions).toEqual(['1.1.0-beta.1', '1.0.1', '1.0.0']);
    expect(await studio.channel('beta')).toMatchObject({ version: '1.1.0-beta.1' });
    expect(await studio.channel('stable')).toMatchObject({ version: '1.0.1', history: ['1.0.0'] });
  });

  async function commitRival(rival: ReleaseDraft): Promise<void> {
    await commitDraft({ origin, studio: await open(), draft: rival, channel: 'stable', patience });
  }

  it('calls it done when the commit was done and only its answer was lost', async () => {
    await create();
    scratch.onCommit = (socket, commit) => {
      commit();
      socket.destroy();
    };
    await publish(draftOf('1.0.0'));
    expect((await open()).hasRelease('1.0.0')).toBe(true);
  });

  it('does not call another build of the same version its own', async () => {
    await create();
    await publish(draftOf('1.0.0'));
    await expect(publish(draftOf('1.0.0 again'))).rejects.toMatchObject({ code: 'version_exists' });
  });

  it('names keys that the game does not know, and a game that nobody knows', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'game_not_ready' });
    await create();
    const others = join(directory, 'others');
    await createKeyDirectory(others);
    await expect(open(others)).rejects.toMatchObject({ code: 'wrong_keys' });
    await expect(Studio.open({ game: 'moonrise', keys, origin, nowMs: () => Date.now() })).rejects.toMatchObject({
      name: 'ApiError',
    });
  });

  it('passes on what the origin says of a token', async () => {
    await create();
    const release = draftOf('1.0.0');
    const stranger = new Origin(scratch.url, 'bad', signal);
    await expect(uploadDraft(stranger, release, patience, () => undefined)).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });
});

describe('setChannel()', () => {
  it('moves a channel to a release, stages it and goes back', async () => {
    await create();
    await publish(draftOf('1.0.0'));
    await publish(draftOf('1.1.0'));
    const studio = await open();
    const place = { game: 'starfall', channel: 'stable' };
    await studio.setChannel(async () =>
      rollBackChannel(
        (await studio.channel('stable')) ?? moveChannel(undefined, { ...place, version: '0.0.0', rollout: 0 }),
      ),
    );
    expect(await (await open()).channel('stable')).toMatchObject({ version: '1.0.0', history: [] });
    await studio.setChannel(async () =>
      moveChannel(await studio.channel('stable'), { ...place, version: '1.1.0', rollout: 25 }),
    );
    expect(await (await open()).channel('stable')).toMatchObject({ version: '1.1.0', rollout: 25, history: ['1.0.0'] });
  });
});
