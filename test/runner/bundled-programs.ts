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
  /new URL\(\s*[`'](\.[\w./-]+?)(?:\.ts|\$\{extname\(import\.meta\.url\)\})[`'],\s*import\.meta\.url\s*,?\s*\)/g;

/**
 * Starts threads and processes of specs from bundles of the sources, made anew for each run of the tests: Node reads no
 * TypeScript without hooks, and these would compile all that a thread imports for each one of them.
 *
 * @param source The export condition under which packages are their sources.
 */
export async function bundledPrograms(source: string): Promise<Plugin> {
  await mkdir(CACHE, { recursive: true });
  const directory = await mkdtemp(join(CACHE, 'programs-'));
  const programs = new Map((await programPaths()).map((path) => [join(ROOT, path), path.replaceAll('/', '_')]));

  function transform(code: string, id: string): string | undefined {
    if (!code.includes('import.meta.url')) return undefined;
    return code.replace(PROGRAM_URL, (whole, path: string) => {
      const name = programs.get(`${resolve(dirname(id), path)}.ts`);
      return name === undefined ? whole : `new URL('${pathToFileURL(join(directory, nameOfBundle(name))).href}')`;
    });
  }

  const bundle = await rolldown({
    cwd: ROOT,
    platform: 'node',
    input: Object.fromEntries([...programs].map(([path, name]) => [nameOfBundle(name), path])),
    external: /^(?!\.|\/|@swarmpatch\/)/,
    resolve: { conditionNames: [source, 'node', 'import'] },
    plugins: [{ name: 'programs-of-bundle', transform }],
  });
  await bundle.write({ dir: directory, entryFileNames: '[name]', chunkFileNames: 'chunk-[hash].js' });
  await bundle.close();
  return {
    name: 'bundled-programs',
    enforce: 'pre',
    transform,
    configureVitest({ vitest }) {
      vitest.onClose(() => rm(directory, { recursive: true, force: true }));
    },
  };
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

function nameOfBundle(name: string): string {
  return name.replace(/\.ts$/, '.js');
}
