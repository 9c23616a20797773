import { randomBytes } from 'node:crypto';
import { InstallError, type InstallState } from '@swarmpatch/install';
import { channelNameForm, DEFAULT_CHANNEL, gameIdForm } from '@swarmpatch/release';
import { type CommandContext, type CommandInput, type CommandSpec, UsageError } from '@swarmpatch/terminal';
import { withInstall } from '../install/open-install.ts';
import { LauncherError } from '../launcher-error.ts';
import { Origin } from '../origin/origin.ts';
import { transferOptions } from '../transfer-options.ts';
import { dirOption, versionOption } from './options.ts';
import { updateInstall } from './update.ts';

export const install: CommandSpec = {
  path: ['install'],
  summary: 'install a game, or go on with an install that was interrupted',
  example: 'swarmpatch-launcher install starfall --origin https://play.example.org --dir ~/games/starfall',
  arguments: [{ name: 'game', description: 'id of the game', form: gameIdForm }],
  options: [
    { name: 'origin', value: 'url', kind: 'url', description: 'where the game is published', required: true },
    dirOption,
    {
      name: 'channel',
      value: 'channel',
      kind: 'text',
      form: channelNameForm,
      description: `which releases to follow (${DEFAULT_CHANNEL})`,
    },
    versionOption,
    {
      name: 'root-fingerprint',
      value: 'hex',
      kind: 'text',
      form: { wanted: '64 hexadecimal digits, as keys init prints them', read: parseFingerprint },
      description: "SHA-256 of the game's root keys, as the studio tells it; without it the origin is believed once",
    },
    ...transferOptions,
  ],
  async run(input, context) {
    const asked = readAsked(input);
    return withInstall(
      input.requiredText('dir'),
      'install',
      context,
      (opened) => updateInstall(opened, input, context),
      {
        begin: (found) => (found === undefined ? newState(asked, context) : Promise.resolve(stateFor(asked, found))),
      },
    );
  },
};

interface Asked {
  game: string;
  origin: string;
  channel: string | undefined;
  rootFingerprint: string | undefined;
}

function readAsked(input: CommandInput): Asked {
  const fingerprint = input.text('root-fingerprint');
  return {
    game: input.argument('game'),
    origin: input.requiredText('origin'),
    channel: input.text('channel'),
    rootFingerprint: fingerprint === undefined ? undefined : parseFingerprint(fingerprint),
  };
}

function parseFingerprint(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new UsageError(`read a root fingerprint: found ${text.length} characters, wanted 64 hexadecimal digits`);
}

async function newState(asked: Asked, context: CommandContext): Promise<InstallState> {
  const { game, origin, channel = DEFAULT_CHANNEL } = asked;
  return {
    installId: randomBytes(16).toString('hex'),
    game,
    origin,
    channel,
    rootFingerprint: asked.rootFingerprint ?? (await believeOrigin(asked, context)),
    fingerprintFrom: asked.rootFingerprint === undefined ? 'first-use' : 'given',
    history: [],
    refreshFailed: false,
    suspect: false,
  };
}

/** The same game may be asked for again, on another channel or from another origin; its trust does not change. */
function stateFor(asked: Asked, found: InstallState): InstallState {
  const { game, rootFingerprint } = found;
  if (game !== asked.game) {
    throw new InstallError(
      'other_game',
      `install ${asked.game}: found ${game} in this directory, wanted an empty one or the same game`,
    );
  }
  if (asked.rootFingerprint !== undefined && asked.rootFingerprint !== rootFingerprint) {
    throw new LauncherError(
      'wrong_root',
      `install ${game}: found this directory pinned to root ${rootFingerprint}, wanted ${asked.rootFingerprint}; check --root-fingerprint`,
    );
  }
  return { ...found, origin: asked.origin, channel: asked.channel ?? found.channel };
}

/** Trust on first use: whoever answers for the origin now decides what this install believes from here on. */
async function believeOrigin({ game, origin }: Asked, context: CommandContext): Promise<string> {
  const { rootFingerprint } = await new Origin(origin, context.signal).game(game);
  if (rootFingerprint === undefined) {
    throw new LauncherError(
      'no_root_fingerprint',
      `install ${game}: found no root at ${origin}, wanted one; the studio has not finished setting the game up`,
    );
  }
  context.warn(
    `no --root-fingerprint was given: trusting ${origin} this once, root ${rootFingerprint} is pinned from now on; compare it with what the studio tells`,
  );
  return rootFingerprint;
}
