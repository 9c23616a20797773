import type { LazyCommands } from '@swarmpatch/terminal';

/** Each is loaded when it is called: most of the time that a short command takes is loading what others need. */
export const launcherCommands: readonly LazyCommands[] = [
  {
    word: 'install',
    summary: 'install a game, or go on with an install that was interrupted',
    load: async () => [(await import('./install.ts')).install],
  },
  {
    word: 'update',
    summary: 'bring a game to the release that its channel names',
    load: async () => [(await import('./update.ts')).update],
  },
  {
    word: 'plan',
    summary: 'tell what update would do and why, and change nothing',
    load: async () => [(await import('./plan.ts')).plan],
  },
  {
    word: 'verify',
    summary: 'compare the installed files with the signed release; needs no network',
    load: async () => [(await import('./verify.ts')).verify],
  },
  {
    word: 'repair',
    summary: 'mend damaged and missing files; fetches just the pieces that are wrong',
    load: async () => [(await import('./repair.ts')).repair],
  },
  {
    word: 'rollback',
    summary: 'go back to the release that was installed before; downloads only what was not kept',
    load: async () => [(await import('./rollback.ts')).rollback],
  },
  {
    word: 'uninstall',
    summary: 'remove the game, and nothing that is yours; asks no questions',
    load: async () => [(await import('./uninstall.ts')).uninstall],
  },
  {
    word: 'history',
    summary: 'tell what was installed when, and where it came from; needs no network',
    load: async () => [(await import('./history.ts')).history],
  },
  {
    word: 'status',
    summary: 'tell what is installed; needs no network',
    load: async () => [(await import('./status.ts')).status],
  },
  {
    word: 'seed',
    summary: 'serve the installed release to other players, straight from its files',
    load: async () => [(await import('./seed.ts')).seed],
  },
  {
    word: 'watch',
    summary: 'stay on: update as the channel moves, and serve what is installed in between',
    load: async () => [(await import('./watch.ts')).watch],
  },
  {
    word: 'download',
    summary: 'fetch any torrent, without release metadata; goes on where it stopped',
    load: async () => (await import('../download/index.ts')).downloadCommands,
  },
];
