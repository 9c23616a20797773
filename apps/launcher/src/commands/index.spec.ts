import { expect, it } from 'vitest';

import { launcherCommands } from './index.ts';

it.each(launcherCommands.map((entry) => [entry.word, entry] as const))(
  '`%s` is summed up in the same words before and after it is loaded',
  async (word, { summary, load }) => {
    const specs = await load();
    expect(specs.map(({ path, summary: loaded }) => [path[0], loaded])).toEqual([[word, summary]]);
  },
);
