import { USUAL_RATES } from '@swarmpatch/plan';
import type { CommandContext, CommandInput } from '@swarmpatch/terminal';
import type { OpenInstall } from '../install/open-install.ts';
import { Origin } from '../origin/origin.ts';
import { ReleaseSource } from '../origin/release-source.ts';
import type { Move } from '../move/move-install.ts';
import { readTransferSettings } from '../transfer-options.ts';

export interface Session {
  origin: Origin;
  source: ReleaseSource;
}

/** Opens what an install trusts, without asking anybody. */
export async function openSession(
  install: Pick<OpenInstall, 'files' | 'state'>,
  context: CommandContext,
): Promise<Session> {
  const { game, origin: url } = install.state;
  const origin = new Origin(url, context.signal);
  return { origin, source: await ReleaseSource.open(install.files, install.state, origin.trustOf(game)) };
}

/**
 * Learns what is new, and remembers whether it could.
 *
 * @throws {TrustError}, {ApiError} `origin_unreachable`
 */
export async function refreshTrust({ source }: Session, install: OpenInstall, context: CommandContext): Promise<void> {
  try {
    await source.refresh(Date.now());
  } catch (error) {
    const isKnown = install.state.installed !== undefined;
    if (isKnown && !context.signal.aborted) await install.remember({ refreshFailed: true });
    throw error;
  }
  await install.remember({ refreshFailed: false });
}

export function moveOf(install: OpenInstall, session: Session, input: CommandInput): Move {
  const { origin, source } = session;
  const settings = readTransferSettings(input);
  const rates = ratesOf(input);
  return { install, source, origin, settings, firstFiles: settings.firstFiles, depth: install.depth, rates };
}

/** Where the player allows less than the usual rate, no more is to be expected. */
export function ratesOf(input: CommandInput): Move['rates'] {
  const mostBytesPerSecond = input.number('max-download');
  if (mostBytesPerSecond === undefined) return undefined;
  return { downloadBytesPerSecond: Math.min(mostBytesPerSecond, USUAL_RATES.downloadBytesPerSecond) };
}
