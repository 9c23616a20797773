import { errnoOf } from './file-system.ts';
import { InstallError } from './install-error.ts';
import { asDiskFull } from './space.ts';
import { remedyFor } from './write-guard.ts';

/** A refusal of the file system names the file and says that nothing is lost. */
export async function naming<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const full = asDiskFull(`${doing} ${path}`, error);
    if (full instanceof InstallError) throw full;
    throw new InstallError(
      'file_refused',
      `${doing} ${path}: found ${errno}, wanted to change it: ${remedyFor(errno)}; then run any command: it finishes the update`,
      { path, cause: error },
    );
  }
}
