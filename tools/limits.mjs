// Lists every limit of the code in docs/LIMITS.md. Run it after changing one; a test compares.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { root } from './prepare.mjs';

const DECLARATION = /^(?:export )?const ([A-Z][A-Z0-9_]*_(?:MAX|MIN|TIMEOUT_MS|MAX_MS|MS_MAX))(?:: number)? = (.*?);/;
const SKIPPED = /\.(spec|contract)\.ts$|\/(generated|testing|dist|node_modules)\/|^libs\/testkit\//;

const introduction = `# Limits

Every parser, queue, cache and wait of Swarmpatch has a bound. This page lists them as the code states them; \`node tools/limits.mjs\`
writes it, and a test fails when it is out of date. Bytes unless the name says otherwise; \`MS\` are milliseconds.
`;

/** The text of docs/LIMITS.md, from the constants of all rooms and the comments above them. */
export async function describeLimits() {
  const sections = [];
  for (const kind of ['libs', 'apps']) {
    for (const name of (await readdir(join(root, kind))).sort()) {
      const rows = await limitsOf(`${kind}/${name}`);
      if (rows.length > 0)
        sections.push(`## ${kind}/${name}\n\n| limit | value | why | where |\n|---|---|---|---|\n${rows.join('\n')}\n`);
    }
  }
  const text = `${introduction}\n${sections.join('\n')}`;
  return format(text, { ...(await resolveConfig(join(root, 'docs/LIMITS.md'))), parser: 'markdown' });
}

async function limitsOf(room) {
  const names = await readdir(join(root, room, 'src'), { recursive: true });
  const files = names
    .map((name) => `${room}/src/${name.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts') && !SKIPPED.test(file));
  const rows = [];
  for (const file of files.sort()) {
    const lines = (await readFile(join(root, file), 'utf8')).split('\n');
    for (const [index, line] of lines.entries()) {
      const [, name, value] = DECLARATION.exec(line) ?? [];
      if (name === undefined) continue;
      const cell = [`\`${name}\``, `\`${value}\``, commentAbove(lines, index), file.slice(room.length + 5)];
      rows.push(`| ${cell.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`);
    }
  }
  return rows;
}

/** The doc comment that ends right above a line, as one text. */
function commentAbove(lines, index) {
  if (!lines[index - 1]?.trimEnd().endsWith('*/')) return '';
  let start = index - 1;
  while (start > 0 && !lines[start].includes('/**')) start -= 1;
  return lines
    .slice(start, index)
    .map((line) => line.replace(/^\s*(\/\*\*|\*\/|\*)?\s?/, '').replace(/\s*\*\/$/, ''))
    .join(' ')
    .trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(join(root, 'docs/LIMITS.md'), await describeLimits());
}
