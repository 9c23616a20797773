import { STAGED_CONTENT_DIRECTORY, STAGED_RESUME_DIRECTORY, stagedContentPath } from '@swarmpatch/install';
import type { DiskFileSystem } from '@swarmpatch/node-io/file-system';
import { ResumeFile } from '@swarmpatch/node-io/transfer';

import type { Release } from '../origin/release-source.ts';

/** What is known of the pieces that are staged for a release; it goes when the staging goes. */
export function resumeOfStaging(files: DiskFileSystem, { manifest, metainfo }: Release): ResumeFile {
  return new ResumeFile({
    metainfo,
    locate: (fileIndex) => files.absolute(stagedContentPath(manifest.files[fileIndex]?.piecesRoot ?? '')),
    flush: async () => {
      const staged = await files.list(STAGED_CONTENT_DIRECTORY);
      await files.sync(staged.map(({ name }) => `${STAGED_CONTENT_DIRECTORY}/${name}`));
    },
    files,
    directory: STAGED_RESUME_DIRECTORY,
  });
}
