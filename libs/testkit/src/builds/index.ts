export { generateBuild, nextBuild, type Build, type BuildFile, type BuildOptions } from './build.ts';
export { summarizeBuild } from './build-summary.ts';
export { readBuild, writeBuild } from './build-directory.ts';
export { randomBytes, randomInteger, randomText, seededRandom } from './seeded-random.ts';
