import {
  describePathProblem,
  FILE_COUNT_MAX,
  findPathCollisions,
  findPathProblem,
  foldPath,
  linkTextTo,
  targetOfLink,
} from '@swarmpatch/metainfo';
import { z } from 'zod';
import { decodeJson, encodeJson, firstIssue } from './json-document.ts';
import { parseGameId, parseVersion, torrentName } from './names.ts';
import { ReleaseError } from './release-error.ts';

export const MANIFEST_BYTES_MAX: number = 128 * 1024 * 1024;
/** At the top of every install; no release may have files there. */
export const LAUNCHER_DIRECTORY = '.swarmpatch';
/**
 * Where a release's torrent has its pads. A client without BEP 47 writes pads as files: in the launcher's directory they are no
 * part of the game, and no file of a release can have their name.
 */
export const PAD_DIRECTORY: string = `${LAUNCHER_DIRECTORY}/pad`;
export const MANIFEST_WEB_SEEDS_MAX = 64;
export const NOTES_CHARACTERS_MAX = 65_536;

export interface ManifestFile {
  /** Posix path relative to the release directory, safe on every platform. */
  path: string;
  /** Bytes; 0 for a symbolic link. */
  length: number;
  /** SHA-256 block-tree root of BEP 52, hex; absent when the file is empty or a link. */
  piecesRoot?: string;
  executable?: true;
  /** Target of a symbolic link, relative to the link's directory; stays inside the release. */
  symlink?: string;
}

/** What a release consists of: signed, and enough to check an install without the torrent. */
export interface Manifest {
  format: 1;
  game: string;
  version: string;
  /** Name of the torrent: `GAME-VERSION`. */
  name: string;
  /** In torrent order, without pad files. */
  files: ManifestFile[];
  /** Sum of the files' lengths. */
  bytes: number;
  torrent: { infohashV1: string; infohashV2: string; pieceLength: number };
  /** Where the release may be fetched over HTTP: BEP 19 URLs that end in a slash. */
  webSeeds: string[];
  notes?: string;
}

const hex = (digits: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

const manifestSchema = z.object({
  format: z.literal(1),
  game: z.string(),
  version: z.string(),
  name: z.string(),
  files: z
    .array(
      z.object({
        path: z.string(),
        length: z.int().min(0),
        piecesRoot: hex(64).exactOptional(),
        executable: z.literal(true).exactOptional(),
        symlink: z.string().exactOptional(),
      }),
    )
    .min(1)
    .max(FILE_COUNT_MAX),
  bytes: z.int().min(0),
  torrent: z.object({ infohashV1: hex(40), infohashV2: hex(64), pieceLength: z.int().min(16_384) }),
  webSeeds: z.array(z.string()).max(MANIFEST_WEB_SEEDS_MAX),
  notes: z.string().max(NOTES_CHARACTERS_MAX).exactOptional(),
});

/**
 * Reads a manifest and checks all that can be checked without the torrent: names, sums, paths, links and collisions.
 *
 * @throws {ReleaseError} `manifest_too_large`, `bad_manifest`, `bad_game_id`, `bad_version`
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.byteLength > MANIFEST_BYTES_MAX) {
    throw new ReleaseError(
      'manifest_too_large',
      `read manifest: found ${bytes.byteLength} bytes, wanted at most ${MANIFEST_BYTES_MAX}`,
    );
  }
  const result = manifestSchema.safeParse(decodeJson(bytes));
  if (!result.success) throw new ReleaseError('bad_manifest', `read manifest: found ${firstIssue(result.error)}`);
  checkManifest(result.data);
  return result.data;
}

/**
 * The same manifest gives the same bytes, whatever the order of its members.
 *
 * @throws {ReleaseError} as `parseManifest`: what is written can be read.
 */
export function encodeManifest(manifest: Manifest): Uint8Array {
  checkManifest(manifest);
  const { format, game, version, name, files, bytes, torrent, webSeeds, notes } = manifest;
  const { infohashV1, infohashV2, pieceLength } = torrent;
  return encodeJson({
    format,
    game,
    version,
    name,
    files: files.map(({ path, length, piecesRoot, executable, symlink }) => ({
      path,
      length,
      piecesRoot,
      executable,
      symlink,
    })),
    bytes,
    torrent: { infohashV1, infohashV2, pieceLength },
    webSeeds,
    notes,
  });
}

function checkManifest(manifest: Manifest): void {
  parseGameId(manifest.game);
  parseVersion(manifest.version);
  const bad = (found: string, path?: string): ReleaseError =>
    new ReleaseError('bad_manifest', `read manifest: found ${found}`, path);
  if (manifest.name !== torrentName(manifest.game, manifest.version)) {
    throw bad(`name ${JSON.stringify(manifest.name)}, wanted ${torrentName(manifest.game, manifest.version)}`);
  }
  let bytes = 0;
  for (const file of manifest.files) {
    bytes += file.length;
    const hasRoot = file.piecesRoot !== undefined;
    if (hasRoot !== file.length > 0) {
      throw bad(`${file.path} with ${file.length} bytes and ${hasRoot ? 'a' : 'no'} pieces root`, file.path);
    }
    const problem = findPathProblem(file.path);
    if (problem !== undefined)
      throw bad(`path ${JSON.stringify(file.path)}, which ${describePathProblem(problem)}`, file.path);
    if (foldPath(file.path.split('/', 1)[0] ?? '') === LAUNCHER_DIRECTORY) {
      throw bad(`${file.path}, but ${LAUNCHER_DIRECTORY} in an install is the launcher's own`, file.path);
    }
    if (file.symlink === undefined) continue;
    if (file.length > 0 || file.executable)
      throw bad(`${file.path}, a link with content or attributes of its own`, file.path);
    const target = targetOfLink(file.path, file.symlink);
    if (target === undefined || linkTextTo(file.path, target) !== file.symlink) {
      throw bad(
        `link ${file.path} to ${JSON.stringify(file.symlink)}, wanted the shortest way to a target inside the release`,
        file.path,
      );
    }
  }
  const [collision] = findPathCollisions(
    manifest.files.map(({ path }) => path),
    1,
  );
  if (collision !== undefined)
    throw bad(`${collision.path} beside ${collision.with}, one file on some systems`, collision.path);
  if (bytes !== manifest.bytes) throw bad(`${manifest.bytes} bytes, but its files add up to ${bytes}`);
  for (const url of manifest.webSeeds) {
    if (!/^https?:\/\/[^\s]+\/$/.test(url) || !URL.canParse(url))
      throw bad(`web seed ${JSON.stringify(url)}, wanted an http(s) URL that ends in a slash`);
  }
}
