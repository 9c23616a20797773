import type { Manifest } from '@swarmpatch/release';
import { ancestorsOf } from './file-system.ts';
import type { Journal } from './journal.ts';
import { JOURNAL_PATH } from './layout.ts';
import { corrupt } from './sealed-document.ts';

/**
 * Refuses a journal that is not of these signed releases. Content and modes are those of the target; what goes is the release's
 * before; what is made is above the content; what is moved aside is in the way of one of the two.
 *
 * @throws {InstallError} `state_corrupt`
 */
export function bindJournal(journal: Journal, target: Manifest, from: Manifest | undefined): void {
  const files = new Map(target.files.map((file) => [file.path, file]));
  for (const { path, piecesRoot, lengthBytes } of [...journal.placements, ...journal.rewrites]) {
    const file = files.get(path);
    if (file === undefined || file.piecesRoot !== piecesRoot || file.length !== lengthBytes) {
      throw unbound(`content for ${path} that release ${target.version} does not have`);
    }
  }
  for (const { path, lengthBytes, runs } of journal.rewrites) {
    const pieceCount = Math.ceil(lengthBytes / target.torrent.pieceLength);
    if (runs.some(({ first, count }) => first + count > pieceCount)) throw unbound(`pieces past the end of ${path}`);
  }
  for (const { path, executable } of journal.modes) {
    if ((files.get(path)?.executable === true) !== executable) {
      throw unbound(`a mode for ${path} that release ${target.version} does not give it`);
    }
  }
  const rootsBefore = new Map(from?.files.map((file) => [file.path, file.piecesRoot]));
  const owned = new Set(rootsBefore.keys());
  for (const path of journal.removed) {
    if (!owned.has(path)) throw unbound(`a removal of ${path} that no installed release owns`);
  }
  for (const { path, piecesRoot } of journal.undo) {
    if (rootsBefore.get(path) !== piecesRoot) throw unbound(`content of ${path} kept that no installed release has`);
  }
  for (const { path } of journal.found) {
    if (!owned.has(path) && !files.has(path)) throw unbound(`${path}, which neither release has`);
  }
  const above = { owned: allAbove(owned), target: allAbove(files.keys()) };
  for (const path of journal.leftDirectories) {
    if (!above.owned.has(path)) throw unbound(`a removal of ${path} that no installed release has a file in`);
  }
  for (const path of journal.directories) {
    if (!above.target.has(path)) throw unbound(`a directory ${path} that release ${target.version} has no file in`);
  }
  for (const { path } of journal.kept) {
    const isInTheWay = owned.has(path) || files.has(path) || above.target.has(path);
    if (!isInTheWay) throw unbound(`${path} moved aside, which is in the way of nothing`);
  }
}

function allAbove(paths: Iterable<string>): Set<string> {
  const directories = new Set<string>();
  for (const path of paths) for (const directory of ancestorsOf(path)) directories.add(directory);
  return directories;
}

function unbound(found: string): Error {
  return corrupt(JOURNAL_PATH, `found ${found}`);
}
