import { TokenBucket } from '@swarmpatch/swarm';

import { monotonicMs } from './monotonic-clock.ts';
import type { TransferLimits } from './transfer-options.ts';

/** The limits of a torrent or of a session, which can change at any time. */
export class TransferBuckets {
  readonly download: TokenBucket;
  readonly upload: TokenBucket;

  private constructor(download: TokenBucket, upload: TokenBucket) {
    this.download = download;
    this.upload = upload;
  }

  /** @param parent What is spent here is spent there, too. */
  static of(limits: TransferLimits | undefined, parent?: TransferBuckets): TransferBuckets {
    return new TransferBuckets(
      new TokenBucket(limits?.downloadBytesPerSecond ?? Infinity, parent?.download),
      new TokenBucket(limits?.uploadBytesPerSecond ?? Infinity, parent?.upload),
    );
  }

  set({ downloadBytesPerSecond, uploadBytesPerSecond }: TransferLimits): void {
    const nowMs = monotonicMs();
    this.download.setRate(downloadBytesPerSecond ?? Infinity, nowMs);
    this.upload.setRate(uploadBytesPerSecond ?? Infinity, nowMs);
  }
}
