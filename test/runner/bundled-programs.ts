import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import type { Plugin } from 'vitest/config';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/swarmpatch');
/** What specs start as a thread or a process. */
const PROGRAM = /-(worker|process\.contract)\.ts$/;
/** How the sources name one: by its path from theirs. */
const PROGRAM_URL =
  /new URL\(\s*[`'](\.[\w./-]+?)(?:\.ts|\$\{extname\(import\.meta\.url\)\})[`'],\s*import\.meta\.url\s*,?\s*\)/;
const PROGRAM_URL_GLOBAL = new RegExp(PROGRAM_URL, 'g');

/**
 * Starts threads and processes of specs from bundles of the sources, made anew for each run of the tests: Node reads no
 * TypeScript without hooks, and these would compile all that a thread imports for each one of them.
 *
 * @param source The export condition under which packages are their sources.
 */
export function bundledPrograms(source: string): Plugin {
  let bundled: Promise<Bundle> | undefined;
  return {
    name: 'bundled-programs',
    enforce: 'pre',
    async transform(code, id) {
      if (!PROGRAM_URL.test(code)) return undefined;
      bundled ??= bundlePrograms(source);
      return pointAt(await bundled, code, id);
    },
    configureVitest({ vitest }) {
      vitest.onClose(async () => {
        if (bundled !== undefined) await rm((await bundled).directory, { recursive: true, force: true });
      });
    },
  };
}

interface Bundle {
  directory: string;
  /** Files of the directory, by the path of their source. */
  files: ReadonlyMap<string, string>;
}

async function bundlePrograms(source: string): Promise<Bundle> {
  await mkdir(CACHE, { recursive: true });
  const directory = await mkdtemp(join(CACHE, 'programs-'));
  const paths = await programPaths();
  const files = new Map(paths.map((path) => [join(ROOT, path), path.replaceAll('/', '_').replace(/\.ts$/, '.js')]));
  const made = { directory, files };
  const bundle = await rolldown({
    cwd: ROOT,
    platform: 'node',
    input: Object.fromEntries([...files].map(([path, file]) => [file, path])),
    external: /^(?!\.|\/|@swarmpatch\/)/,
    resolve: { conditionNames: [source, 'node', 'import'] },
    // They start each other, too.
    plugins: [{ name: 'programs-of-bundle', transform: (code, id) => pointAt(made, code, id) }],
  });
  await bundle.write({ dir: directory, entryFileNames: '[name]', chunkFileNames: 'chunk-[hash].js' });
  await bundle.close();
  return made;
}

function pointAt({ directory, files }: Bundle, code: string, id: string): string {
  return code.replaceAll(PROGRAM_URL_GLOBAL, (whole, path: string) => {
    const file = files.get(`${resolve(dirname(id), path)}.ts`);
    return file === undefined ? whole : `new URL('${pathToFileURL(join(directory, file)).href}')`;
  });
}

async function programPaths(): Promise<string[]> {
  const places = await Promise.all(
    ['apps', 'libs'].map(async (group) =>
      (await readdir(join(ROOT, group))).map((name) => join(ROOT, group, name, 'src')),
    ),
  );
  const found = await Promise.all(
    places.flat().map(async (place) => {
      const names = await readdir(place, { recursive: true }).catch(() => []);
      return names.map((name) => relative(ROOT, join(place, name)).replaceAll('\\', '/'));
    }),
  );
  return found.flat().filter((path) => PROGRAM.test(path));
}
