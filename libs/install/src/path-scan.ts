import { targetOfLink } from '@swarmpatch/metainfo';
import type { Manifest, ManifestFile } from '@swarmpatch/release';
import type { FileHasher, FileToHash } from './file-hasher.ts';
import type { FileIndex } from './file-index.ts';
import { ancestorsOf, type FileKind, type FileStat, type FileSystem } from './file-system.ts';
import { linkedParent } from './parent-guard.ts';
import type { ReleasePieces } from './release-pieces.ts';

export interface ScanInput {
  files: FileSystem;
  hasher: FileHasher;
  index: FileIndex;
  installed: Manifest | undefined;
  target: Pick<ReleasePieces, 'manifest' | 'pieceLengthBytes'>;
  /** Other files whose content may be of use; they are read. */
  further?: readonly string[] | undefined;
  depth: 'quick' | 'deep';
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

interface ScannedPath {
  stat: FileStat;
  /** Where a link points. */
  linkTarget: string | undefined;
}

interface ScannedContent {
  roots: ReadonlyMap<string, string>;
  layers: ReadonlyMap<string, Uint8Array>;
  decayed: ReadonlySet<string>;
}

/** What stands at every path that the installed or the target release names, and above it. */
export class PathScan {
  /** Pieces root, hex, of every file with content at a named path. */
  readonly roots: ReadonlyMap<string, string>;
  /** Layers of the files that had to be read, by pieces root; at the target's piece length. */
  readonly layers: ReadonlyMap<string, Uint8Array>;
  readonly #paths: ReadonlyMap<string, ScannedPath>;
  readonly #directories: ReadonlyMap<string, FileKind>;
  readonly #decayed: ReadonlySet<string>;
  readonly #installed: ReadonlySet<string>;

  constructor(
    paths: ReadonlyMap<string, ScannedPath>,
    directories: ReadonlyMap<string, FileKind>,
    content: ScannedContent,
    installed: ReadonlySet<string>,
  ) {
    this.#paths = paths;
    this.#directories = directories;
    this.roots = content.roots;
    this.layers = content.layers;
    this.#decayed = content.decayed;
    this.#installed = installed;
  }

  kindOf(path: string): FileKind | undefined {
    return this.#paths.get(path)?.stat.kind;
  }

  statOf(path: string): FileStat | undefined {
    return this.#paths.get(path)?.stat;
  }

  /** Does the file's path hold its content? */
  holds(file: ManifestFile): boolean {
    const scanned = this.#paths.get(file.path);
    if (scanned === undefined) return false;
    if (file.symlink !== undefined) return scanned.linkTarget === file.symlink;
    if (scanned.stat.kind !== 'file') return false;
    return file.piecesRoot === undefined
      ? scanned.stat.lengthBytes === 0
      : this.roots.get(file.path) === file.piecesRoot;
  }

  /** Has the file another content than before, though its length and time of change say that nobody wrote it? */
  isDecayed(path: string): boolean {
    return this.#decayed.has(path);
  }

  executableIsWrong(file: ManifestFile): boolean {
    return file.symlink === undefined && this.statOf(file.path)?.executable !== (file.executable === true);
  }

  /** Things that stand where the given paths need a directory, and that no release owns. */
  filesAmongParents(paths: Iterable<string>): string[] {
    return [...parentsOf(paths)].filter((directory) => {
      const kind = this.#directories.get(directory);
      return kind !== undefined && kind !== 'directory' && !this.#installed.has(directory);
    });
  }

  /** Directories of the installed release that hold none of these paths, deepest first. */
  directoriesLeftBy(paths: Iterable<string>): string[] {
    const needed = parentsOf(paths);
    const left = [...parentsOf(this.#installed)].filter(
      (directory) => !needed.has(directory) && this.#directories.get(directory) === 'directory',
    );
    return left.sort((a, b) => b.split('/').length - a.split('/').length || (a < b ? -1 : 1));
  }
}

/**
 * Looks at every path that matters; reads the files of which the index does not know the content.
 *
 * @throws {InstallError} `parent_is_link`
 */
export async function scanPaths(input: ScanInput): Promise<PathScan> {
  const { files, installed, target } = input;
  const installedPaths = new Set(installed?.files.map((file) => file.path));
  const targetPaths = target.manifest.files.map((file) => file.path);
  const named = new Set([...installedPaths, ...targetPaths, ...(input.further ?? [])]);
  const isOwnedLink = (path: string): Promise<boolean> =>
    installed === undefined ? mayBeOwned(files, path) : Promise.resolve(installedPaths.has(path));
  const directories = await scanDirectories(files, named, isOwnedLink);
  const reachable = [...named].filter((path) =>
    ancestorsOf(path).every((above) => directories.get(above) === 'directory'),
  );
  const stats = await files.statAll(reachable);
  const paths = new Map<string, ScannedPath>();
  for (const [index, path] of reachable.entries()) {
    const stat = stats[index];
    if (stat === undefined) continue;
    paths.set(path, { stat, linkTarget: stat.kind === 'link' ? await files.readLink(path) : undefined });
  }
  return new PathScan(paths, directories, await readContent(input, paths), installedPaths);
}

async function scanDirectories(
  files: FileSystem,
  paths: Iterable<string>,
  isOwnedLink: (path: string) => Promise<boolean>,
): Promise<Map<string, FileKind>> {
  const asked = [...parentsOf(paths)].sort();
  const stats = await files.statAll(asked);
  const kinds = new Map<string, FileKind>();
  for (const [index, directory] of asked.entries()) {
    const kind = stats[index]?.kind;
    const isReached = ancestorsOf(directory).every((above) => kinds.get(above) === 'directory');
    if (kind === undefined || !isReached) continue;
    if (kind === 'link' && !(await isOwnedLink(directory))) throw linkedParent(directory);
    kinds.set(directory, kind);
  }
  return kinds;
}

/** Where it is not known what was installed, a link may be of a release. Those lead to somewhere in the install, and to no other disk. */
async function mayBeOwned(files: FileSystem, linkPath: string): Promise<boolean> {
  return targetOfLink(linkPath, await files.readLink(linkPath)) !== undefined;
}

async function readContent(input: ScanInput, paths: ReadonlyMap<string, ScannedPath>): Promise<ScannedContent> {
  const { index } = input;
  const further = new Set(input.further);
  const roots = new Map<string, string>();
  const layers = new Map<string, Uint8Array>();
  const unknown: FileToHash[] = [];
  for (const [path, { stat }] of paths) {
    if (stat.kind !== 'file' || stat.lengthBytes === 0) continue;
    const known = input.depth === 'quick' && !further.has(path) ? index.rootOf(path, stat) : undefined;
    if (known === undefined) unknown.push({ path, lengthBytes: stat.lengthBytes, mtimeMs: stat.mtimeMs });
    else roots.set(path, known);
  }
  const { pieceLengthBytes } = input.target;
  const found = await input.hasher.hash(unknown, {
    pieceLengthBytes,
    signal: input.signal,
    onProgress: input.onProgress,
  });
  for (const [position, file] of unknown.entries()) {
    const hashes = found[position];
    if (hashes === undefined) continue;
    const root = Buffer.from(hashes.piecesRoot).toString('hex');
    roots.set(file.path, root);
    layers.set(root, hashes.pieceLayer);
    if (!further.has(file.path)) index.record(file.path, file, root);
  }
  const decayed = new Set<string>();
  for (const [path, { stat }] of paths) if (index.isDecayed(path, stat)) decayed.add(path);
  return { roots, layers, decayed };
}

function parentsOf(paths: Iterable<string>): Set<string> {
  const parents = new Set<string>();
  for (const path of paths) for (const directory of ancestorsOf(path)) parents.add(directory);
  return parents;
}
