import type { SpaceUse } from '@swarmpatch/plan';
import type { ManifestFile } from '@swarmpatch/release';
import { forEachBounded } from './bounded.ts';
import { makeParents, removeTree } from './durable-write.ts';
import type { FileHasher } from './file-hasher.ts';
import { isSameFile, joinPath, type FileStat, type FileSystem } from './file-system.ts';
import type { FetchedTask } from './file-task.ts';
import type { Inventory } from './inventory.ts';
import { changedMeanwhile, InstallError } from './install-error.ts';
import type { ModeChange, Placement, Rewrite } from './journal.ts';
import {
  STAGED_CONTENT_DIRECTORY,
  STAGED_LINKS_DIRECTORY,
  STAGED_NAMES_DIRECTORY,
  STAGING_DIRECTORY,
  STATE_DIRECTORY,
  stagedContentPath,
} from './layout.ts';
import { PieceSet } from './release-pieces.ts';
import { chooseRewrites, findWrongPieces, rewriteFrom } from './staged-rewrites.ts';
import { piecesThatMatch } from './piece-sources.ts';
import { inSpace } from './space.ts';

/** Gives back the room that an update took which nobody wants any more. */
export async function discardStaging(files: FileSystem): Promise<void> {
  await removeTree(files, STAGING_DIRECTORY);
}

/** What a commit puts into place. */
export interface SealedStaging {
  placements: Placement[];
  rewrites: Rewrite[];
  /** Files that share their content with an installed one, or stay where they are, and want another executable bit. */
  modes: ModeChange[];
}

export interface StagingOptions {
  /** As the plan says; `usual` unless given. */
  space?: SpaceUse | undefined;
  /** Pieces roots of staged content that stays though the target does not want it; none unless given. */
  keep?: ReadonlySet<string> | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/**
 * The target release as it comes together beside the installed one. Until `seal` is done and its result committed, only
 * `.swarmpatch/staging` changes.
 */
export class Staging {
  readonly inventory: Inventory;
  /** Pieces that can be read through `locate`, wherever they are. */
  readonly have: PieceSet;
  /** Pieces to fetch. */
  readonly wanted: PieceSet;
  /** File content copied from the installed release. */
  copiedBytes = 0;
  readonly #files: FileSystem;
  readonly #locations: string[] = [];
  /** Files that are rewritten where they lie, by index: the pieces that differ, which are all that is staged of them. */
  readonly #rewrites: ReadonlyMap<number, readonly number[]>;
  /** By file, what `check` saw when it found the file whole. */
  readonly #checked = new Map<number, FileStat>();

  private constructor(files: FileSystem, inventory: Inventory, space: SpaceUse) {
    this.#files = files;
    this.inventory = inventory;
    this.#rewrites = chooseRewrites(inventory, space);
    this.have = new PieceSet(inventory.target.pieceCount);
    this.wanted = new PieceSet(inventory.target.pieceCount);
  }

  /**
   * Makes room for what comes, and fills in what old files have of it.
   *
   * @throws {InstallError} `disk_full`
   */
  static async open(files: FileSystem, inventory: Inventory, options: StagingOptions = {}): Promise<Staging> {
    const staging = new Staging(files, inventory, options.space ?? 'usual');
    await inSpace('stage', () => staging.#prepare(options));
    return staging;
  }

  /** Are there files of which the installed one has pieces that cannot be read here? */
  get hasRewrites(): boolean {
    return this.#rewrites.size > 0;
  }

  /** Where a file's content is to be read and written now, relative to the install. */
  locate(fileIndex: number): string {
    const location = this.#locations[fileIndex];
    if (location === undefined) throw new RangeError(`locate file ${fileIndex}: found ${this.#locations.length} files`);
    return location;
  }

  /** All that was wanted was written. */
  markFetched(): void {
    for (let piece = 0; piece < this.wanted.pieceCount; piece += 1) {
      if (!this.wanted.has(piece)) continue;
      this.wanted.delete(piece);
      this.have.add(piece);
    }
  }

  /**
   * Checks everything staged against the signed roots, from the disk; what has not changed since it was found whole is whole.
   *
   * @returns pieces that are wrong; they are wanted again.
   */
  async check(hasher: FileHasher, options: StagingOptions): Promise<number[]> {
    const { target } = this.inventory;
    const wrong = await this.#checkRewrites();
    const fetched = this.#fetched().filter(({ fileIndex }) => !this.#rewrites.has(fileIndex));
    const stats = await this.#files.statAll(fetched.map(({ fileIndex }) => this.locate(fileIndex)));
    const staged = fetched.flatMap(({ fileIndex, lengthBytes }, index) => {
      const checked = this.#checked.get(fileIndex);
      if (checked !== undefined && isSameFile(checked, stats[index])) return [];
      return [{ fileIndex, path: this.locate(fileIndex), lengthBytes, stat: stats[index] }];
    });
    const toHash = staged.map(({ stat, ...entry }) => ({ ...entry, mtimeMs: stat?.mtimeMs ?? 0 }));
    const found = await hasher.hash(toHash, { pieceLengthBytes: target.pieceLengthBytes, ...options });
    for (const [index, { fileIndex, stat }] of staged.entries()) {
      const hashes = found[index];
      if (hashes !== undefined && target.isRootOf(fileIndex, hashes.piecesRoot)) {
        if (stat !== undefined) this.#checked.set(fileIndex, stat);
        continue;
      }
      const right = new Set(hashes === undefined ? [] : piecesThatMatch(target.hashesOf(fileIndex), hashes));
      for (let piece = 0; piece < target.pieceCountOf(fileIndex); piece += 1) {
        if (!right.has(piece)) wrong.push(target.firstPieceOf(fileIndex) + piece);
      }
    }
    for (const piece of wrong) {
      this.have.delete(piece);
      this.wanted.add(piece);
    }
    return wrong;
  }

  /**
   * Gives every new file its attributes and makes all of it durable. What `check` found whole must not have changed since.
   *
   * @returns what the commit puts where.
   * @throws {InstallError} `disk_full`, `staged_damaged`
   */
  async seal(): Promise<SealedStaging> {
    return inSpace('stage', () => this.#seal());
  }

  async #checkRewrites(): Promise<number[]> {
    const { target } = this.inventory;
    const wrong: number[] = [];
    for (const { fileIndex, lengthBytes } of this.#fetched()) {
      const pieces = this.#rewrites.get(fileIndex);
      if (pieces === undefined) continue;
      const path = this.locate(fileIndex);
      const stat = await this.#files.stat(path);
      const checked = this.#checked.get(fileIndex);
      if (checked !== undefined && isSameFile(checked, stat)) continue;
      const found = await findWrongPieces(this.#files, { target, fileIndex, path, lengthBytes }, pieces);
      if (found.length === 0 && stat !== undefined) this.#checked.set(fileIndex, stat);
      wrong.push(...found.map((piece) => target.firstPieceOf(fileIndex) + piece));
    }
    return wrong;
  }

  async #prepare({ signal, keep, onProgress }: StagingOptions): Promise<void> {
    const { target, tasks } = this.inventory;
    await removeTree(this.#files, STAGED_NAMES_DIRECTORY);
    for (const directory of [STAGED_CONTENT_DIRECTORY, STAGED_NAMES_DIRECTORY]) {
      await makeParents(this.#files, joinPath(directory, 'file'));
    }
    for (const [fileIndex, task] of tasks.entries()) {
      this.#locations.push(this.#locationOf(fileIndex));
      const isOnDisk = task.kind === 'unchanged' || task.kind === 'moved' || task.kind === 'copied';
      if (isOnDisk) this.have.addRange(target.firstPieceOf(fileIndex), target.pieceCountOf(fileIndex));
    }
    const known = await this.#dropUnwanted(keep);
    const heldBytes = this.#heldBytes();
    await forEachBounded(this.#fetched(), async ({ task, fileIndex, lengthBytes }) => {
      signal?.throwIfAborted();
      const path = this.locate(fileIndex);
      if (task.seenWhole !== undefined) {
        this.#checked.set(fileIndex, task.seenWhole);
        this.have.addRange(target.firstPieceOf(fileIndex), target.pieceCountOf(fileIndex));
        return;
      }
      // A file of one piece appears with that piece.
      if (known.has(path) || target.pieceCountOf(fileIndex) > 1) await this.#files.allocate(path, lengthBytes);
      const first = target.firstPieceOf(fileIndex);
      const wanted = this.#wantedOf(fileIndex);
      for (const piece of task.staged) if (wanted.has(piece)) this.have.add(first + piece);
      for (const held of task.held) {
        signal?.throwIfAborted();
        if (!wanted.has(held.pieceInFile)) continue;
        const sizeBytes = target.pieceSizeBytes(lengthBytes, held.pieceInFile);
        const data = await this.#files.read(held.from, { offsetBytes: held.offsetBytes, lengthBytes: sizeBytes });
        if (data.length !== sizeBytes || !target.isPiece(first + held.pieceInFile, data)) continue;
        await this.#files.writeAt(path, held.pieceInFile * target.pieceLengthBytes, data);
        this.have.add(first + held.pieceInFile);
        this.copiedBytes += sizeBytes;
        onProgress?.(this.copiedBytes, heldBytes);
      }
      for (const piece of wanted) if (!this.have.has(first + piece)) this.wanted.add(first + piece);
    });
    // What patches made on the way was of use until here.
    await removeTree(this.#files, STAGED_LINKS_DIRECTORY);
  }

  /** Pieces of a file that have to be staged. */
  #wantedOf(fileIndex: number): ReadonlySet<number> {
    const all = (): number[] => [...Array(this.inventory.target.pieceCountOf(fileIndex)).keys()];
    return new Set(this.#rewrites.get(fileIndex) ?? all());
  }

  #heldBytes(): number {
    let heldBytes = 0;
    for (const { task, fileIndex, lengthBytes } of this.#fetched()) {
      const wanted = this.#wantedOf(fileIndex);
      for (const held of task.held)
        if (wanted.has(held.pieceInFile))
          heldBytes += this.inventory.target.pieceSizeBytes(lengthBytes, held.pieceInFile);
    }
    return heldBytes;
  }

  /** Content of another target takes room that this one may need. @returns what is left. */
  async #dropUnwanted(keep?: ReadonlySet<string>): Promise<Set<string>> {
    const wanted = new Set(this.#fetched().map(({ fileIndex }) => this.locate(fileIndex)));
    const entries = await this.#files.list(STAGED_CONTENT_DIRECTORY);
    const paths = entries.map((entry) => joinPath(STAGED_CONTENT_DIRECTORY, entry.name));
    await forEachBounded(entries, async ({ name }) => {
      const path = stagedContentPath(name);
      if (!wanted.has(path) && keep?.has(name) !== true) await this.#files.remove(path);
    });
    return new Set(paths.filter((path) => wanted.has(path)));
  }

  async #seal(): Promise<SealedStaging> {
    const { target, tasks } = this.inventory;
    const placements: Placement[] = [];
    const rewrites: Rewrite[] = [];
    const modes: ModeChange[] = [];
    const settled: string[] = [];
    const work = tasks.map((task, fileIndex) => ({ task, fileIndex })).filter(({ task }) => task.kind !== 'unchanged');
    await forEachBounded(work, async ({ task, fileIndex }) => {
      const file = target.manifest.files[fileIndex];
      if (file === undefined || task.kind === 'unchanged') return;
      const executable = file.executable === true;
      const name = joinPath(STAGED_NAMES_DIRECTORY, `${fileIndex}`);
      let from = name;
      let isShared = false;
      if (task.kind === 'fetched') from = this.locate(fileIndex);
      else if (task.kind === 'moved') isShared = await this.#linkOrCopy(task.from, name);
      else if (task.kind === 'created' && task.symlink !== undefined) await this.#files.symlink(task.symlink, name);
      else if (task.kind === 'created') await this.#files.write(name, new Uint8Array());
      else await this.#files.copy(this.locate(fileIndex), name);
      if (task.kind === 'moved' || task.kind === 'copied') await this.#refuseChanged(task.from);
      const stat = await this.#files.stat(from);
      this.#refuseOther(stat, file);
      const checked = this.#checked.get(fileIndex);
      if (checked !== undefined && !isSameFile(checked, stat)) throw changedMeanwhile(file.path);
      const pieces = this.#rewrites.get(fileIndex);
      const rewrite = pieces && rewriteFrom(from, this.inventory, { fileIndex, pieces });
      if (rewrite !== undefined) {
        settled.push(from);
        rewrites.push(rewrite);
        return;
      }
      const executableIsWrong = file.symlink === undefined && stat?.executable !== executable;
      if (isShared && executableIsWrong) modes.push({ path: file.path, executable });
      else if (executableIsWrong) await this.#files.setExecutable(from, executable);
      if (!isShared && file.symlink === undefined) settled.push(from);
      placements.push({
        from,
        path: file.path,
        lengthBytes: file.length,
        mtimeMs: stat?.mtimeMs ?? 0,
        ...(file.piecesRoot === undefined ? {} : { piecesRoot: file.piecesRoot }),
      });
    });
    await this.#files.sync(settled);
    await this.#files.syncDirectories([
      STAGED_CONTENT_DIRECTORY,
      STAGED_NAMES_DIRECTORY,
      STAGING_DIRECTORY,
      STATE_DIRECTORY,
    ]);
    for (const [fileIndex, task] of tasks.entries()) {
      const file = target.manifest.files[fileIndex];
      if (task.kind !== 'unchanged' || !task.executableIsWrong || file === undefined) continue;
      modes.push({ path: file.path, executable: file.executable === true });
    }
    return { placements: placements.sort(byPath), rewrites: rewrites.sort(byPath), modes };
  }

  /** @returns true when both names have the same content, so that it may not be touched any more. */
  async #linkOrCopy(from: string, to: string): Promise<boolean> {
    if (await this.#files.link(from, to)) return true;
    await this.#files.copy(from, to);
    return false;
  }

  async #refuseChanged(path: string): Promise<void> {
    const seen = this.inventory.scan.statOf(path);
    if (seen !== undefined && isSameFile(seen, await this.#files.stat(path))) return;
    throw changedMeanwhile(path);
  }

  #refuseOther(stat: FileStat | undefined, file: ManifestFile): void {
    const isWanted =
      file.symlink === undefined ? stat?.kind === 'file' && stat.lengthBytes === file.length : stat?.kind === 'link';
    if (isWanted) return;
    const found = stat === undefined ? 'nothing' : `a ${stat.kind} of ${stat.lengthBytes} bytes`;
    throw new InstallError(
      'staged_damaged',
      `stage ${file.path}: found ${found}, wanted ${file.length} bytes; run the command again`,
      { path: file.path },
    );
  }

  #fetched(): { task: FetchedTask; fileIndex: number; lengthBytes: number }[] {
    const fetched = [];
    for (const [fileIndex, task] of this.inventory.tasks.entries()) {
      const lengthBytes = this.inventory.target.manifest.files[fileIndex]?.length ?? 0;
      if (task.kind === 'fetched') fetched.push({ task, fileIndex, lengthBytes });
    }
    return fetched;
  }

  #locationOf(fileIndex: number): string {
    const task = this.inventory.tasks[fileIndex];
    const file = this.inventory.target.manifest.files[fileIndex];
    if (task?.kind === 'moved' || task?.kind === 'copied') return task.from;
    const isStaged = task?.kind === 'fetched' || task?.kind === 'repeated';
    return isStaged && file?.piecesRoot !== undefined ? stagedContentPath(file.piecesRoot) : (file?.path ?? '');
  }
}

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : 1;
}
