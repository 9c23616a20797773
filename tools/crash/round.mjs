import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { corruptOneFile } from './corruption.mjs';
import { drawRound } from './faults.mjs';
import { codeOf, launch } from './launcher-run.mjs';
import { canMount, growDisk, mountDisk, unmountDisk } from './small-disk.mjs';
import { differenceOf, holdsRelease, leftovers, lostFiles, treeOf, withOwn } from './tree.mjs';

/** Room for an install and for whatever is to be done with it. */
const ENOUGH_RELEASES = 20;

/** A verification takes as long as any other command. */
const VERIFIED_SHARE = 0.4;

/** A round that did not end as it must. */
class BrokenRound extends Error {}

/**
 * One interruption and what follows.
 *
 * @returns {Promise<{ number: number, scenario: string, command: string, what: string, broken?: string,
 *   outcome?: 'back' | 'forward' | 'finished' | 'mended' | 'skipped' }>} The install is the release from before, or the one after;
 *   or the command ended by itself; or what was corrupt is mended.
 */
export async function playRound(scene, rehearsed, { seed, number }) {
  const round = drawRound(rehearsed, { seed, number });
  const spareBytes = round.spareShare === undefined ? undefined : Math.ceil(round.spareShare * scene.releaseBytes);
  const directory = join(scene.directory, 'rounds', `${number}`);
  const told = { number, scenario: round.scenario, command: round.name, what: round.what };
  const isOnDisk = spareBytes !== undefined;
  if (isOnDisk && !canMount()) return { ...told, outcome: 'skipped' };
  const played = new Round(scene, round, directory);
  try {
    if (isOnDisk) await mountDisk(directory, (await scene.usedBytes(round.command.from)) + spareBytes);
    const outcome = await played.play();
    if (!isOnDisk) await rm(directory, { recursive: true, force: true });
    return { ...told, outcome };
  } catch (error) {
    const broken = error instanceof BrokenRound ? error.message : error.stack;
    return { ...told, broken: `${broken}; it went so: ${played.story.join(' → ')}` };
  } finally {
    if (isOnDisk) unmountDisk(directory);
  }
}

class Round {
  /** What happened so far, for whoever looks into a failure. */
  story = [];
  #scene;
  #round;
  #directory;
  #own;
  #before;
  #after;

  constructor(scene, round, directory) {
    this.#scene = scene;
    this.#round = round;
    this.#directory = directory;
    this.#own = scene.ownFiles[round.command.from];
  }

  async play() {
    const { command, scenario, killAfterMs, fault } = this.#round;
    const directory = this.#directory;
    await this.#scene.copy(command.from, directory);
    this.#before = await treeOf(directory);
    this.#after = withOwn(this.#scene.trees[command.after] ?? {}, this.#own);
    if (scenario === 'corrupt a file') return await this.#mendCorruption();
    const plan = fault && { root: directory, fault };
    const run = await this.#launch(command.argv(this.#scene, directory), { plan, killAfterMs });
    this.#checkEnd(run);
    if (scenario === 'kill, and corrupt a file') return await this.#mendCorruption();
    await this.#recover();
    const now = await this.#checkTree('after the recovery');
    await this.#finish();
    return run.exitCode === 0 ? 'finished' : now;
  }

  /** Kills the recovery as often as the round says, and then lets a command of any kind recover. */
  async #recover() {
    const { recoveryKills = [], next, spareShare } = this.#round;
    for (const occurrence of recoveryKills) {
      const plan = { root: this.#directory, fault: { thread: 'main', occurrence, kind: 'kill_before' } };
      await this.#launch(['status', '--dir', this.#directory], { plan });
    }
    if (!this.#hasJournal) await this.#checkTree('with no journal');
    if (spareShare !== undefined) {
      await this.#look('status', ['disk_full']);
      growDisk(this.#directory, ENOUGH_RELEASES * this.#scene.releaseBytes);
    }
    const isLeft = this.#hasJournal;
    const run = await this.#look(next);
    if (isLeft && !/recovered:/.test(run.complaints)) this.#break(`${next} does not say that it recovered`, run);
  }

  /** Brings the install to where the command was to bring it. */
  async #finish() {
    const { command, random } = this.#round;
    const run = await this.#launch((command.again ?? command.argv)(this.#scene, this.#directory));
    if (run.exitCode !== 0 && !this.#mayHaveNothing(codeOf(run))) this.#break('the command run again fails', run);
    const difference = differenceOf(await treeOf(this.#directory), this.#after);
    if (difference !== undefined) this.#break(`the command run again leaves another tree, ${difference}`, run);
    const left = await leftovers(this.#directory);
    if (left.length > 0) this.#break(`${left.join(', ')} is left over`, run);
    await this.#checkOwnFiles();
    if (random() < VERIFIED_SHARE) await this.#checkVerification(command.after);
  }

  /** Whatever of the launcher's own is damaged: nothing lies about it, and installing again mends it. */
  async #mendCorruption() {
    const { command, random } = this.#round;
    this.story.push(await corruptOneFile(this.#directory, random));
    const { document } = await this.#look('status', 'any');
    await this.#checkVerification(document.version);
    const version = command.after ?? command.before;
    const argv = this.#scene.installing(this.#directory, version);
    const run = await this.#launch(argv);
    if (run.exitCode !== 0) this.#break('install, run again, does not mend it', run);
    const tree = await treeOf(this.#directory);
    const repaired = holdsRelease(tree, this.#scene.trees[version]) ? tree : await this.#repair(version);
    // When it is not known any more which release was there, its files are nobody's, and stay.
    const known = [this.#after, ...Object.values(this.#scene.trees)];
    const stray = Object.keys(repaired).filter((path) => !known.some((each) => each[path] === repaired[path]));
    if (stray.length > 0) this.#break(`found ${stray.join(', ')}, which nobody put there`, run);
    await this.#checkOwnFiles();
    await this.#checkVerification(version);
    return 'mended';
  }

  async #repair(version) {
    const run = await this.#launch(['repair', '--dir', this.#directory, '--deep', '--no-peers']);
    const tree = await treeOf(this.#directory);
    if (run.exitCode !== 0) this.#break('repair does not mend it', run);
    if (!holdsRelease(tree, this.#scene.trees[version])) this.#break('repair leaves something else', run);
    return tree;
  }

  /** Runs a command that only looks, or the command of the round again. */
  async #look(name, allowed = []) {
    const { command } = this.#round;
    const again = command.again ?? command.argv;
    const argv = name === 'again' ? again(this.#scene, this.#directory) : [name, '--dir', this.#directory];
    const run = await this.#launch(argv);
    const code = codeOf(run);
    const isKnown = allowed === 'any' ? code !== 'internal' : allowed.includes(code) || this.#mayHaveNothing(code);
    const isFine = run.exitCode === 0 || (name === 'verify' && run.document.ok === false) || isKnown;
    if (!isFine || run.isKilled) this.#break(`${name} fails`, run);
    return run;
  }

  /** An install that was interrupted at its very beginning is none, nor one that is removed. */
  #mayHaveNothing(code) {
    const { from, after } = this.#round.command;
    return (from === 'empty' || after === undefined) && code === 'not_installed';
  }

  #checkEnd(run) {
    const { fault, killAfterMs, spareShare } = this.#round;
    const isFull = spareShare !== undefined || fault?.kind === 'refuse';
    if (run.exitCode === 0) return;
    if (run.exitCode === 1 && fault?.kind === 'refuse_once' && codeOf(run) !== 'internal') return;
    if (run.isKilled && !isFull && (fault !== undefined || killAfterMs !== undefined)) return;
    if (run.exitCode === 1 && isFull && codeOf(run) === 'disk_full') return;
    this.#break(`the command ends with ${run.exitCode}`, run);
  }

  /** @returns Whether it is the release before, or the one after. */
  async #checkTree(when) {
    await this.#checkOwnFiles();
    const tree = await treeOf(this.#directory);
    if (this.#isHalfRemoved(tree)) return 'back';
    const toBefore = differenceOf(tree, this.#before);
    const toAfter = differenceOf(tree, this.#after);
    if (toBefore !== undefined && toAfter !== undefined) {
      this.#break(
        `${when} the tree is neither release: from the one before, ${toBefore}; from the one after, ${toAfter}`,
      );
    }
    return toAfter === undefined ? 'forward' : 'back';
  }

  #isHalfRemoved(tree) {
    if (this.#round.command.after !== undefined) return false;
    return (
      Object.keys(tree).every((path) => tree[path] === this.#before[path]) &&
      differenceOf(tree, this.#after) !== undefined
    );
  }

  async #checkOwnFiles() {
    const lost = await lostFiles(this.#directory, this.#own);
    if (lost.length > 0) this.#break(`${lost.join(', ')} of the player is lost`);
  }

  /** `verify` says that all is well where it is, and only there. */
  async #checkVerification(version) {
    const run = await this.#launch(['verify', '--dir', this.#directory]);
    if (codeOf(run) === 'internal') this.#break('verify fails', run);
    if (run.document.ok === undefined) return;
    const release = this.#scene.trees[version] ?? {};
    const isWhole = holdsRelease(await treeOf(this.#directory), release);
    if (isWhole !== run.document.ok) this.#break(`verify says ${run.document.ok} of ${version}`, run);
  }

  get #hasJournal() {
    return existsSync(join(this.#directory, '.swarmpatch/journal'));
  }

  async #launch(argv, how) {
    const run = await launch(argv, how);
    const end = run.isKilled ? 'killed' : (codeOf(run) ?? run.exitCode);
    this.story.push(`${argv[0]}: ${end}${this.#hasJournal ? ' (journal there)' : ''}`);
    return run;
  }

  #break(message, run) {
    const said =
      run === undefined ? '' : `, said ${JSON.stringify(run.document).slice(0, 400)} ${run.complaints.slice(-600)}`;
    throw new BrokenRound(`${message}${said}`);
  }
}
