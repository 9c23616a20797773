import { applyPatchFile } from '@swarmpatch/node-io/delta';
import { formatBytes, formatDuration, type CommandSpec } from '@swarmpatch/terminal';

export const deltaApply: CommandSpec = {
  path: ['delta', 'apply'],
  summary: 'Make the new directory from the old one and a patch',
  example: 'swarmpatch delta apply --old build-1.0.0 --patch 1.0.0-1.1.0.patch --out build-1.1.0',
  options: [
    {
      name: 'old',
      value: 'dir',
      kind: 'text',
      required: true,
      description: 'what the patch begins at; it stays as it is',
    },
    { name: 'patch', value: 'file', kind: 'text', required: true, description: 'the patch' },
    { name: 'out', value: 'dir', kind: 'text', required: true, description: 'a new or empty directory' },
  ],
  async run(input, context) {
    const startMs = context.nowMs();
    const out = input.requiredText('out');
    const phase = context.progress.phase('apply');
    const { bytes } = await applyPatchFile({
      ...{ old: input.requiredText('old'), patch: input.requiredText('patch'), out, signal: context.signal },
      onProgress: (sample) => {
        phase.update(sample);
      },
    });
    phase.end();
    const seconds = (context.nowMs() - startMs) / 1000;
    return { document: { bytes, seconds }, text: `${out}: ${formatBytes(bytes)}, in ${formatDuration(seconds)}` };
  },
};
