import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonDocument } from './support/scene.ts';
import { openStage, type Stage } from './support/stage.ts';

interface Option {
  kind: string;
  downloadBytes: number;
  readBytes: number;
  writeBytes: number;
  scratchBytes: number;
  seconds: number;
  verdict: string;
  reason: string;
}

interface PlayerCost {
  from: string;
  chosen: string;
  options: Option[];
  precision: string;
  patchBytes: number | null;
}

describe('a plan', () => {
  let stage: Stage;
  let told: PlayerCost[];

  beforeAll(async () => {
    stage = await openStage('plan');
  }, 60_000);
  afterAll(() => stage.scene.close());

  const playersOf = (document: JsonDocument): PlayerCost[] => document['players'] as PlayerCost[];
  const piecesOf = (options: readonly Option[]): Option | undefined => options.find(({ kind }) => kind === 'pieces');

  it('is told to the studio for players on each version, before anything is published and after', async () => {
    const { scene, studio, first, second } = stage;
    expect(playersOf(await studio.publish(first, '1.0.0'))).toEqual([]);
    const directory = await studio.lay(second, '1.1.0');
    const dryRun = await scene.succeed('swarmpatch', ...studio.publishing(directory, '1.1.0', '--dry-run'));
    told = playersOf(dryRun);
    expect(told).toMatchObject([{ from: '1.0.0', chosen: 'pieces', precision: 'exact', patchBytes: null }]);
    expect(dryRun).toMatchObject({ dryRun: true, uploadedBytes: 0 });
    const published = await scene.succeed('swarmpatch', ...studio.publishing(directory, '1.1.0'));
    expect(playersOf(published)).toMatchObject([{ from: '1.0.0', options: told[0]?.options }]);
  }, 60_000);

  it('is what the player then finds, each way with its price and its reason', async () => {
    const { scene, studio } = stage;
    const player = scene.path('player');
    await studio.install(player, '--version', '1.0.0');
    const plan = await scene.succeed('swarmpatch-launcher', 'plan', '--dir', player);
    expect(plan).toMatchObject({ from: '1.0.0', to: '1.1.0' });
    const options = plan['options'] as Option[];
    expect(options[0]).toMatchObject({ kind: plan['chosen'], verdict: 'chosen', reason: plan['reason'] });
    for (const { reason } of options) expect(reason).toMatch(/^takes about/);
    const { downloadBytes, writeBytes, scratchBytes } = piecesOf(told[0]?.options ?? []) ?? {};
    expect(piecesOf(options)).toMatchObject({ downloadBytes, writeBytes, scratchBytes });
  }, 60_000);
});
