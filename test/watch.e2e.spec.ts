import { randomBytes, seededRandom, summarizeBuild } from '@swarmpatch/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distinctBytesOf, treeOf } from './support/installed-tree.ts';
import type { RunningProgram } from './support/running-program.ts';
import type { JsonDocument } from './support/scene.ts';
import { openStage, type Stage } from './support/stage.ts';
import { Studio } from './support/studio.ts';

describe('a launcher that watches', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage('watch', { patches: 1 });
    await stage.studio.publish(stage.first, '1.0.0');
  }, 120_000);
  afterAll(() => stage.scene.close(), 30_000);

  it('follows the channel through a restart of the origin, and serves each release to others', async () => {
    const { scene, origin, studio, first, second } = stage;
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

  it('waits for the patch that the origin makes where pieces would cost far more', async () => {
    const { scene, origin } = stage;
    const player = scene.path('patient');
    const meteor = await Studio.open(scene, origin, 'meteor');
    const pack = randomBytes(seededRandom(stage.seed), 4_000_000);
    await meteor.publish([{ path: 'data.pak', content: pack, executable: false }], '1.0.0');
    await meteor.install(player);
    const { program } = await scene.serve(
      'swarmpatch-launcher',
      ...['watch', '--dir', player, '--listen', '127.0.0.1:0', '--max-download', '16KB'],
    );
    await eventOf(program, 'listening');
    // One byte of each piece.
    const changed = pack.map((byte, at) => (at % 16_384 === 0 ? byte ^ 255 : byte));
    await meteor.publish([{ path: 'data.pak', content: changed, executable: false }], '1.1.0', '--wait-patches');
    expect(await eventOf(program, 'updated', { to: '1.1.0' })).toMatchObject({ plan: 'patch' });
    await program.stop();
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
