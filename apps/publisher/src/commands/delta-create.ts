import { checkPatchPlace, createPatchFile, locateDirectory, PATCH_EFFORT } from '@swarmpatch/node-io/delta';
import {
  formatBytes,
  formatDuration,
  type CommandContext,
  type CommandSpec,
  type ProgressPhase,
} from '@swarmpatch/terminal';

import { describeDefeated } from '../publish/defeated-files.ts';

export const deltaCreate: CommandSpec = {
  path: ['delta', 'create'],
  summary: 'Make a patch from one directory to another',
  example: 'swarmpatch delta create --old build-1.0.0 --new build-1.1.0 --out 1.0.0-1.1.0.patch',
  options: [
    { name: 'old', value: 'dir', kind: 'text', required: true, description: 'what players have' },
    { name: 'new', value: 'dir', kind: 'text', required: true, description: 'what they shall have' },
    { name: 'out', value: 'file', kind: 'text', required: true, description: 'where to write the patch' },
    {
      name: 'effort',
      value: '1..9',
      kind: 'choice',
      choices: ['1', '2', '3', '4', '5', '6', '7', '8', '9'],
      default: String(PATCH_EFFORT),
      description: 'higher takes longer and makes smaller patches',
    },
  ],
  async run(input, context) {
    const startMs = context.nowMs();
    const out = input.requiredText('out');
    await checkPatchPlace(out);
    const old = await locate(input.requiredText('old'), 'old', context);
    const fresh = await locate(input.requiredText('new'), 'new', context);
    let shown: { readonly name: string; readonly phase: ProgressPhase } | undefined;
    const created = await createPatchFile({
      ...{ old, new: fresh, out, effort: Number(input.text('effort')), signal: context.signal },
      onProgress: ({ phase: name, ...sample }) => {
        if (shown?.name !== name) {
          shown?.phase.end();
          shown = { name, phase: context.progress.phase(name) };
        }
        shown.phase.update(sample);
      },
    });
    shown?.phase.end();
    const { bytes, oldTreeBytes, newTreeBytes, sourceBytes, writtenBytes } = created;
    const defeated = created.defeated.map(({ path, lengthBytes, costBytes }) => ({
      path,
      bytes: lengthBytes,
      costBytes,
    }));
    const seconds = (context.nowMs() - startMs) / 1000;
    return {
      document: {
        ...{ bytes, oldBytes: oldTreeBytes, newBytes: newTreeBytes, sourceBytes, writtenBytes, seconds },
        ...(defeated.length > 0 && { defeated }),
      },
      text: [
        `${out}: ${formatBytes(bytes)}, from ${formatBytes(oldTreeBytes)} to ${formatBytes(newTreeBytes)}, in ${formatDuration(seconds)}`,
        `Applying it writes ${formatBytes(writtenBytes)}.`,
        ...describeDefeated(defeated),
      ].join('\n'),
    };
  },
};

async function locate(
  directory: string,
  name: string,
  { progress, signal }: CommandContext,
): ReturnType<typeof locateDirectory> {
  const phase = progress.phase(`read ${name}`);
  const files = await locateDirectory(directory, {
    onScanned: ({ files: doneItems }) => {
      phase.update({ doneItems });
    },
    onHashed: (sample) => {
      phase.update(sample);
    },
    signal,
  });
  phase.end();
  return files;
}
