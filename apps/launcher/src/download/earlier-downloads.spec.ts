import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Metainfo, pathInDownload } from '@swarmpatch/metainfo';
import { createTorrentFrom } from '@swarmpatch/node-io/hashing';
import { FilePieceStore, TransferSession } from '@swarmpatch/node-io/transfer';
import { Bitfield } from '@swarmpatch/swarm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runLauncher } from '../testing/launcher-run.contract.ts';

const SHARED_BYTES = 700_001;
const OWN_BYTES = 50_000;

describe('a later download into the same directory', () => {
  let dir: string;
  let session: TransferSession;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'earlier-'));
    session = await TransferSession.open({ listen: { host: '127.0.0.1', port: 0 } });
    await seed('old', 'hybrid', 65_536);
    await seed('new', 'v2', 16_384);
  });

  afterEach(async () => {
    await session.close();
    await rm(dir, { recursive: true });
  });

  async function seed(
    name: string,
    format: Metainfo['format'],
    pieceLengthBytes: number,
    own = `own of ${name}. `,
  ): Promise<void> {
    const source = join(dir, 'seed', name);
    await mkdir(source, { recursive: true });
    await writeFile(join(source, 'own.bin'), Buffer.alloc(OWN_BYTES, own));
    await writeFile(join(source, 'shared.bin'), Buffer.alloc(SHARED_BYTES, 'in both. '));
    const { metainfo, torrentBytes } = await createTorrentFrom(source, { name, format, pieceLengthBytes });
    await writeFile(join(dir, `${name}.torrent`), torrentBytes);
    const store = new FilePieceStore(metainfo.geometry, (fileIndex) =>
      join(dir, 'seed', pathInDownload(metainfo, { path: metainfo.files[fileIndex]?.path ?? '' })),
    );
    const have = Bitfield.full(metainfo.pieceCount).bits;
    session.add({ metainfo, store, have, trackers: [], webSeeds: [] });
  }

  /** @returns bytes from peers, and from disk. */
  async function download(
    name: string,
    from: 'peer' | 'nobody' = 'peer',
  ): Promise<[fromPeers: number, reused: number]> {
    const { host, port } = session.address ?? { host: '', port: 0 };
    const peer = from === 'peer' ? ['--peer', `${host}:${port}`] : [];
    const argv = ['download', join(dir, `${name}.torrent`), '--dir', join(dir, 'copy'), ...peer];
    const { exitCode, document } = await runLauncher([...argv, '--listen', '127.0.0.1:0', '--timeout', '15']);
    expect({ exitCode, document }).toMatchObject({ exitCode: 0 });
    for (const file of ['own.bin', 'shared.bin']) {
      const [found, wanted] = await Promise.all(
        ['copy', 'seed'].map((place) => readFile(join(dir, place, name, file))),
      );
      expect(wanted && found?.equals(wanted)).toBe(true);
    }
    const { received, reused } = document as { received: { fromPeers: number }; reused: number };
    return [received.fromPeers, reused];
  }

  it('copies equal files from the earlier one, whatever the piece lengths', async () => {
    expect(await download('old')).toEqual([SHARED_BYTES + OWN_BYTES, 0]);
    expect(await download('new')).toEqual([OWN_BYTES, SHARED_BYTES]);
  });

  it('needs nobody for what is all in the earlier one', async () => {
    await seed('renamed', 'v2', 32_768, 'own of old. ');
    await download('old');
    expect(await download('renamed', 'nobody')).toEqual([0, SHARED_BYTES + OWN_BYTES]);
  });

  it('copies nothing from a file that has another time', async () => {
    await download('old');
    await utimes(join(dir, 'copy', 'old', 'shared.bin'), 1, 1);
    expect(await download('new')).toEqual([SHARED_BYTES + OWN_BYTES, 0]);
  });

  it('believes no other info dictionary than the one that a file is named for', async () => {
    await download('old');
    const resume = join(dir, 'copy', '.swarmpatch', 'resume');
    await writeFile(join(resume, `${'0'.repeat(64)}.info`), 'd4:name3:olde');
    await writeFile(join(resume, 'nonsense.info'), await readFile(join(dir, 'old.torrent')));
    expect(await download('new')).toEqual([OWN_BYTES, SHARED_BYTES]);
  });
});
