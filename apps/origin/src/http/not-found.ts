import { OriginError } from '../origin-error.ts';

/** @param what As the sentence "there is no …" goes on. */
export function notFound(what: string): OriginError {
  return new OriginError('not_found', `find: there is no ${what}; look at the list of releases`);
}
