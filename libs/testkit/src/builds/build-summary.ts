import { createHash } from 'node:crypto';
import type { Build } from './build.ts';

/** One line a file: compare these instead of the builds, whose bytes a test runner would compare and print one by one. */
export function summarizeBuild(build: Build): Record<string, string> {
  return Object.fromEntries(
    build.map(({ path, content, executable, symlink }) => {
      if (symlink !== undefined) return [path, `link to ${symlink}`];
      const digest = createHash('sha256').update(content).digest('hex').slice(0, 16);
      return [path, `${executable ? 'program' : 'file'} of ${content.length} bytes, ${digest}`];
    }),
  );
}
