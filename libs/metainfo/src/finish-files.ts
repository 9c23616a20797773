import { joinPath, quote } from './entry.ts';
import { FILE_COUNT_MAX } from './limits.ts';
import { MetainfoError } from './metainfo-error.ts';
import type { TorrentFile } from './metainfo.ts';
import { findPathCollisions } from './path-rules.ts';
import type { PlacedEntries } from './place-entries.ts';
import { linkTextTo, targetOfLink } from './symlink.ts';

/** Checks the files of a torrent together, and resolves its links. @throws {MetainfoError} */
export function finishFiles(entries: PlacedEntries['files']): TorrentFile[] {
  if (entries.length > FILE_COUNT_MAX) {
    throw new MetainfoError(
      'too_many_files',
      `read the files: found ${entries.length}, at most ${FILE_COUNT_MAX} are read`,
    );
  }
  if (entries.every((entry) => entry.lengthBytes === 0)) {
    throw new MetainfoError('no_data', 'read the files: all are empty, a torrent needs at least one byte');
  }
  const [collision] = findPathCollisions(
    entries.map((entry) => entry.path),
    1,
  );
  if (collision) {
    throw new MetainfoError(
      'path_collision',
      `read the files: ${quote(collision.path)} and ${quote(collision.with)} are one file on some systems`,
      collision.path,
    );
  }
  const known = new Set<string>();
  if (entries.some((entry) => entry.linkComponents)) {
    for (const { path } of entries) addWithDirectories(known, path);
  }
  return entries.map(({ path, lengthBytes, offsetBytes, piecesRoot, executable, linkComponents }) => ({
    path,
    lengthBytes,
    offsetBytes,
    executable,
    ...(piecesRoot && { piecesRoot }),
    ...(linkComponents && { symlink: readLink(path, linkComponents, known) }),
  }));
}

function addWithDirectories(known: Set<string>, path: string): void {
  known.add(path);
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) known.add(path.slice(0, at));
}

/** BEP 47 counts a target from the torrent's top; libtorrent 2.0.8 writes it from the link's directory. */
function readLink(path: string, components: readonly string[], known: ReadonlySet<string>): string {
  const fromTop = components.includes('..') ? undefined : components.join('/');
  const fromLink = components.some((component) => component.includes('/'))
    ? undefined
    : targetOfLink(path, components.join('/'));
  const target =
    [fromTop, fromLink].find((candidate) => candidate !== undefined && known.has(candidate)) ?? fromTop ?? fromLink;
  if (target === undefined) {
    throw new MetainfoError(
      'bad_symlink',
      `read link ${quote(path)}: its target ${quote(components.join('/'))} leaves the torrent`,
      path,
    );
  }
  try {
    return linkTextTo(path, joinPath(target.split('/')));
  } catch (error) {
    throw error instanceof MetainfoError
      ? new MetainfoError('bad_symlink', `read link ${quote(path)}: ${error.message}`, path)
      : error;
  }
}
