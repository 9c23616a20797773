import type { CommandSpec } from '@swarmpatch/terminal';
import { withInstall } from '../install/open-install.ts';
import { moveInstall } from '../move/move-install.ts';
import type { MoveReport } from '../move/move-report.ts';
import { describeMove } from '../move/move-result.ts';
import { leaveInstall } from '../move/unchanged-install.ts';
import { transferOptions } from '../transfer-options.ts';
import { moveOf, openSession, refreshTrust } from './open-session.ts';
import { depthOptions, dirOption, readDepth } from './options.ts';
import { describeVerification, isWhole, verifyRelease } from './verify.ts';

export const repair: CommandSpec = {
  path: ['repair'],
  summary: 'mend damaged and missing files; fetches just the pieces that are wrong',
  example: 'swarmpatch-launcher repair --dir ~/games/starfall',
  arguments: [],
  options: [dirOption, ...depthOptions, ...transferOptions],
  async run(input, context) {
    const asked = readDepth(input);
    return withInstall(input.requiredText('dir'), 'repair', context, async (install) => {
      const session = await openSession(install, context);
      const { version } = install.installed;
      await refreshTrust(session, install, context);
      const release = await session.source.release(version);
      const { manifest, pieces } = release;
      const depth = install.depth === 'deep' ? 'deep' : asked;
      const found = await verifyRelease(install, { manifest, pieces: () => pieces }, depth, context);
      const isDamaged = !isWhole(found) || install.state.suspect;
      // What the verification read is in the index, so nothing is read twice.
      const move = { ...moveOf(install, session, input), depth: 'quick' as const };
      const report: MoveReport = isDamaged
        ? await moveInstall(move, release, context)
        : await leaveInstall(move, context);
      const fetchedBytes = report.bytes.fromPeers + report.bytes.fromWebSeeds;
      return {
        document: { ok: true, ...found, fetchedBytes, ...report },
        text: isDamaged ? `${describeVerification(found)}\n${describeMove(report)}` : describeVerification(found),
      };
    });
  },
};
