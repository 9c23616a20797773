/** The seed of this run: SWARMPATCH_SEED where it is set, to repeat a run that failed. Prints it. */
export function drawSeed(what: string): number {
  const given = process.env['SWARMPATCH_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  process.stderr.write(`${what}: SWARMPATCH_SEED=${seed}\n`);
  return seed;
}
