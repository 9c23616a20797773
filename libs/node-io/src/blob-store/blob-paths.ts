import { join } from 'node:path';
import type { BlobRoot } from '@swarmpatch/storage';

/**
 * Where a store keeps its files: durable blobs in `aa/<root>`, by the first two digits of their root; what is partial, or
 * whole but not flushed, in `partial/<root>`. So a file outside `partial/` is whole and durable, whatever happened.
 *
 * One level of 256 shelves: a second would give 60,000 blobs 40,000 directories, a disk block and a sync each.
 */
export class BlobPaths {
  readonly directory: string;
  readonly partials: string;

  constructor(directory: string) {
    this.directory = directory;
    this.partials = join(directory, 'partial');
  }

  durable(root: BlobRoot): string {
    return join(this.shelf(root), root);
  }

  partial(root: BlobRoot): string {
    return join(this.partials, root);
  }

  /** The directory of a durable blob. */
  shelf(root: BlobRoot): string {
    return join(this.directory, root.slice(0, 2));
  }
}
