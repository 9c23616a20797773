import { describePatch, type PatchDescription } from '@swarmpatch/delta';
import { openPatchFile } from '@swarmpatch/node-io/delta';
import { formatBytes, type CommandSpec } from '@swarmpatch/terminal';

export const deltaShow: CommandSpec = {
  path: ['delta', 'show'],
  summary: 'Check a patch and print what is in it',
  example: 'swarmpatch delta show 1.0.0-1.1.0.patch',
  arguments: [{ name: 'patch', description: 'the patch' }],
  options: [],
  async run(input) {
    const opened = await openPatchFile(input.argument('patch'));
    try {
      const description = describePatch(opened.patch);
      return { document: documentOf(description), text: describe(description) };
    } finally {
      opened.close();
    }
  },
};

function documentOf({ files, ...figures }: PatchDescription): object {
  const { bytes, oldTreeBytes, newTreeBytes, sourceBytes, writtenBytes, keptCount, removedCount } = figures;
  return {
    ...{ bytes, oldBytes: oldTreeBytes, newBytes: newTreeBytes, sourceBytes, writtenBytes },
    ...{ kept: keptCount, removed: removedCount },
    files: files.map((file) => ({
      path: file.path,
      kind: file.kind,
      bytes: file.writtenBytes,
      ...(file.executable && { executable: true }),
    })),
  };
}

function describe(description: PatchDescription): string {
  const { bytes, oldTreeBytes, newTreeBytes, oldFileCount, newFileCount, keptCount, removedCount, files } = description;
  return [
    `${formatBytes(bytes)}, from ${oldFileCount} files of ${formatBytes(oldTreeBytes)} to ${newFileCount} of ${formatBytes(newTreeBytes)}`,
    `writes ${formatBytes(description.writtenBytes)}, reads at most ${formatBytes(description.sourceBytes)} of old files`,
    `${keptCount} files stay, ${removedCount} go`,
    '',
    ...files.map(
      (file) =>
        `${file.kind.padEnd(8)} ${formatBytes(file.writtenBytes).padStart(10)}  ${file.path}${file.executable ? '*' : ''}`,
    ),
  ].join('\n');
}
