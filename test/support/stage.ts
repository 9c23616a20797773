import { type Build, type BuildOptions, generateBuild, nextBuild } from '@swarmpatch/testkit';
import { Origin } from './origin.ts';
import { Scene } from './scene.ts';
import { drawSeed } from './seed.ts';
import { Studio } from './studio.ts';

/** What most suites begin with: a running origin, a studio with a game there, and two builds that nobody has published yet. */
export interface Stage {
  readonly seed: number;
  readonly scene: Scene;
  readonly origin: Origin;
  readonly studio: Studio;
  readonly first: Build;
  readonly second: Build;
}

interface StageOptions {
  /** How many the origin makes for a release: each is a process that takes its time. None unless given. */
  patches?: number;
  /** Further options of its command line. */
  origin?: readonly string[];
  build?: BuildOptions;
}

/** @param what Is printed with the seed that all of it follows from. */
export async function openStage(
  what: string,
  { patches = 0, origin: originOptions = [], build = {} }: StageOptions = {},
): Promise<Stage> {
  const seed = drawSeed(what);
  const first = generateBuild(seed, build);
  const scene = await Scene.open();
  const origin = await Origin.start(scene, '--patches', String(patches), ...originOptions);
  const studio = await Studio.open(scene, origin, 'starfall');
  return { seed, scene, origin, studio, first, second: nextBuild(first, seed) };
}
