/**
 * How an old file is read: as it is, or with the line ends that the new tree has. `crlf` puts a CR before each LF that has none, `lf` leaves
 * out each CR before an LF.
 */
export type LineEnds = 'crlf' | 'lf';

/** By the number that stands in the file. */
export const LINE_ENDS: readonly LineEnds[] = ['crlf', 'lf'];
