import { TransferError } from '@swarmpatch/node-io/transfer';
import { failureOf } from '@swarmpatch/terminal';
import type { PatchLink } from './patch-route.ts';

/** Why a route of patches could not be gone to its end. */
export interface RouteFailure {
  /** Those of its patches that are to blame: the next route does without them. */
  links: readonly PatchLink[];
  /** For people. What they could do about it is left out: the update goes on by itself. */
  reason: string;
}

/** What has to come before a route of patches can be gone. */
export interface RouteNeed {
  /** For people: `the patch from 1.0.0 to 1.1.0`. */
  name: string;
  /** Patches that are of no use without it. */
  links: readonly PatchLink[];
}

export function needOfPatch(link: PatchLink): RouteNeed {
  const { from, to } = link.entry;
  return { name: `the patch from ${from} to ${to}`, links: [link] };
}

export function failureOfNeed({ name, links }: RouteNeed, error: unknown): RouteFailure {
  return { links, reason: `${name} is of no use now: ${reasonOf(error)}` };
}

function reasonOf(error: unknown): string {
  if (failureOf(error).code === 'disk_full') return 'the disk is full';
  if (!(error instanceof Error)) return String(error);
  const why = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  switch (error instanceof TransferError ? error.code : undefined) {
    case 'timed_out':
      return `it did not come in time${why}`;
    case 'no_sources':
      return 'nobody is known who has it';
    case 'piece_not_written':
      return `it could not be written${why}`;
    default:
      return error.message;
  }
}
