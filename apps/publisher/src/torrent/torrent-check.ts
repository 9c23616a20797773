import { join } from 'node:path';

import { pathInDownload } from '@swarmpatch/metainfo';
import { checkFiles, readTorrentFile } from '@swarmpatch/node-io/hashing';
import type { CommandSpec } from '@swarmpatch/terminal';

export const torrentCheck: CommandSpec = {
  path: ['torrent', 'check'],
  summary: 'Compare files on disk with a torrent',
  example: 'swarmpatch torrent check build.torrent --dir downloads',
  arguments: [{ name: 'torrent', description: 'the torrent file' }],
  options: [
    {
      name: 'dir',
      value: 'directory',
      kind: 'text',
      required: true,
      description: "the directory that holds the torrent's top directory or file",
    },
  ],
  async run(input, context) {
    const { metainfo } = await readTorrentFile(input.argument('torrent'));
    const directory = input.requiredText('dir');
    const pathOf = (fileIndex: number): string => metainfo.files[fileIndex]?.path ?? '';
    const checking = context.progress.phase('check', { totalBytes: metainfo.lengthBytes });
    const checked = await checkFiles(
      metainfo,
      (fileIndex) => {
        const file = metainfo.files[fileIndex];
        return file && join(directory, pathInDownload(metainfo, file));
      },
      {
        onProgress: (progress) => {
          checking.update(progress);
        },
        signal: context.signal,
      },
    );
    checking.end();
    const damaged = checked.damaged.map(({ fileIndex, pieces }) => ({ path: pathOf(fileIndex), pieces }));
    const missing = checked.missing.map(pathOf);
    const ok = damaged.length === 0 && missing.length === 0;
    return {
      document: { ok, damaged, missing },
      text: describe(metainfo.files.length, damaged, missing),
      exitCode: ok ? 0 : 1,
    };
  },
};

function describe(
  fileCount: number,
  damaged: readonly { readonly path: string; readonly pieces: readonly number[] }[],
  missing: readonly string[],
): string {
  if (damaged.length === 0 && missing.length === 0) return `${fileCount} files, all whole`;
  return [
    ...damaged.map(
      ({ path, pieces }) =>
        `damaged  ${path}  ${pieces.length === 0 ? 'not the length or the target that it should have' : `${pieces.length} pieces`}`,
    ),
    ...missing.map((path) => `missing  ${path}`),
  ].join('\n');
}
