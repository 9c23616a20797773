// Compiles libs/delta/assembly/operations.ts into a module of libs/delta. Run it after changing one; a test compares.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';
import { root } from './prepare.mjs';

const source = 'libs/delta/assembly/operations.ts';
const target = join(root, 'libs/delta/src/apply/operations-module.ts');
const LINE_CHARACTERS = 120;

/** The text of operations-module.ts. */
export async function compileOperations() {
  const written = new Map();
  const options = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--importMemory', '--noExportMemory'];
  const { error, stderr } = await asc.main([source, ...options, '--outFile', 'operations.wasm'], {
    readFile: (name) => readFile(join(root, name), 'utf8').catch(() => null),
    writeFile: (name, bytes) => void written.set(name, bytes),
    listFiles: () => [],
  });
  if (error) throw new Error(`compile ${source}: ${stderr.toString()}`, { cause: error });
  const text = Buffer.from(written.get('operations.wasm')).toString('base64');
  const lines = text.match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g')) ?? [];
  return `/** \`assembly/operations.ts\` as WebAssembly, in base64: \`node tools/operations-module.mjs\` writes it. */
export const OPERATIONS_MODULE: string = \`
${lines.join('\n')}
\`;
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(target, await compileOperations());
}
