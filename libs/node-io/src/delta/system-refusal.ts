/** A refusal of the system with what was being done, and its code kept; any other error as it is. */
export function explainRefusal(doing: string, error: unknown): unknown {
  // Errors of system calls name the call; those that were explained do not.
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error;
  const code = String(error.code);
  const remedy = code === 'ENOSPC' || code === 'EDQUOT' ? '; make room and run it again' : '';
  return Object.assign(new Error(`${doing}: the system refuses (${code})${remedy}`, { cause: error }), { code });
}
