// How rolldown makes one bundle of a command, in place of the hundreds of modules that Node would look up and compile at each start.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const nodeIo = fileURLToPath(new URL('../libs/node-io/', import.meta.url));

/** For the configuration file of an app whose command is `dist/main.js`. */
export const commandBundle = {
  input: { main: 'dist/main.js', ...workers() },
  platform: 'node',
  external: /^node:/,
  // A package that names its temporary files after itself is CommonJS; a bundle is not.
  transform: { define: { __filename: 'import.meta.filename' } },
  output: { dir: 'dist/bundle', entryFileNames: '[name].js', chunkFileNames: 'chunk-[name].js', cleanDir: true },
};

/** Worker threads are found beside the module that starts them, by name. Files of earlier builds may still be in `dist`. */
function workers() {
  const sources = readdirSync(join(nodeIo, 'src'), { recursive: true }).filter((path) => path.endsWith('-worker.ts'));
  const built = sources.map((path) => join(nodeIo, 'dist', path.replace(/\.ts$/, '.js')));
  const named = Object.fromEntries(built.map((path) => [basename(path, '.js'), path]));
  if (Object.keys(named).length < built.length)
    throw new Error(`bundle a command: found two workers with one file name, wanted one each: ${sources.join(', ')}`);
  return named;
}
