import { type Build, generateBuild, nextBuild, summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distinctBytesOf, treeOf } from './support/installed-tree.ts';
import { Origin } from './support/origin.ts';
import type { RunningProgram } from './support/running-program.ts';
import { type JsonDocument, Scene } from './support/scene.ts';
import { drawSeed } from './support/seed.ts';
import { Studio } from './support/studio.ts';

describe('a launcher that watches', () => {
  let scene: Scene;
  let origin: Origin;
  let studio: Studio;
  let first: Build;
  let second: Build;

  beforeAll(async () => {
    const seed = drawSeed('watch');
    first = generateBuild(seed);
    second = nextBuild(first, seed);
    scene = await Scene.open();
    origin = await Origin.start(scene, '--patches', '0');
    studio = await Studio.open(scene, origin, 'starfall');
    await studio.publish(first, '1.0.0');
  }, 120_000);
  afterAll(() => scene.close(), 30_000);

  it('follows the channel through a restart of the origin, and serves each release to others', async () => {
    const [player, other] = [scene.path('player'), scene.path('other')];
    await studio.install(player);
    const { program, ready } = await scene.serve(
      'swarmpatch-launcher',
      ...['watch', '--dir', player, '--listen', '127.0.0.1:0'],
    );
    expect(ready).toMatchObject({ ready: true, game: 'starfall', version: '1.0.0', channel: 'stable' });
    await eventOf(program, 'seeding', { version: '1.0.0' });
    await eventOf(program, 'listening');

    await studio.publish(second, '1.1.0');
    expect(await eventOf(program, 'updated', { to: '1.1.0' })).toMatchObject({ from: '1.0.0', changed: true });
    const { listen } = await eventOf(program, 'seeding', { version: '1.1.0' });
    expect(await treeOf(player)).toEqual(summarizeBuild(second));
    expect(await scene.run('swarmpatch-launcher', 'verify', '--dir', player)).toMatchObject({ exitCode: 0 });
    const { bytes } = await studio.install(other, '--no-web-seeds', '--peer', String(listen), '--timeout', '20');
    expect(bytes).toMatchObject({ fromPeers: distinctBytesOf(second), fromWebSeeds: 0 });

    await origin.kill();
    await eventOf(program, 'asking');
    await origin.restart();
    await studio.publish(first, '1.2.0');
    expect(await eventOf(program, 'updated', { to: '1.2.0' })).toMatchObject({ from: '1.1.0' });
    expect(await treeOf(player)).toEqual(summarizeBuild(first));
    expect(await scene.run('swarmpatch-launcher', 'verify', '--dir', player)).toMatchObject({ exitCode: 0 });
    expect(await program.stop('SIGTERM')).toEqual({ exitCode: 0, signal: null });
  }, 120_000);
});

/** Waits for a line that tells of an event. */
function eventOf(program: RunningProgram, event: string, like: JsonDocument = {}): Promise<JsonDocument> {
  const wanted = Object.entries({ event, ...like });
  return program.until(({ output }) => {
    const lines = output.split('\n').slice(0, -1);
    const events = lines.map((line) => JSON.parse(line) as JsonDocument);
    return events.find((each) => wanted.every(([key, value]) => each[key] === value));
  });
}
