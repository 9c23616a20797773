import { NEW, OLD } from './releases.mjs';

/**
 * What a round may interrupt: the install that it begins with, the version before (what `status` says) and after, and the command
 * line. `again` leads to the same end from wherever the command was interrupted. After nothing, there is no install, and one that is
 * half removed is neither.
 */
export const COMMANDS = {
  install: { from: 'empty', before: undefined, after: OLD, argv: (scene, dir) => scene.installing(dir, OLD) },
  update: { from: 'old', before: OLD, after: NEW, argv: (scene, dir) => scene.updating(dir, NEW) },
  'update of a changed install': {
    from: 'changed',
    before: OLD,
    after: NEW,
    argv: (scene, dir) => scene.updating(dir, NEW),
  },
  'update to an older release': {
    from: 'new',
    before: NEW,
    after: OLD,
    argv: (scene, dir) => scene.updating(dir, OLD),
  },
  rollback: {
    from: 'new',
    before: NEW,
    after: OLD,
    argv: (_, dir) => ['rollback', '--dir', dir, '--no-peers'],
    again: (scene, dir) => scene.updating(dir, OLD),
  },
  uninstall: { from: 'old', before: OLD, after: undefined, argv: (_, dir) => ['uninstall', '--dir', dir] },
  repair: { from: 'damaged', before: OLD, after: OLD, argv: (_, dir) => ['repair', '--dir', dir, '--no-peers'] },
};

/** Commands that may come after an interruption; each recovers first. */
export const NEXT_COMMANDS = ['status', 'verify', 'plan', 'again'];
