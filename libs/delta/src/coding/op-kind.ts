/**
 * What the upper three bits of an operation's first byte say. The lower five are its length less one; `LENGTH_LONG` there says that
 * the lengths have the rest.
 */
export const OP_LITERAL = 0;
/** Differences to what goes on where the last source ended. */
export const OP_ADD = 1;
/** Copies, by where their source is: where the last source ended; */
export const OP_COPY_CONTINUED = 2;
/** as far before the target as the last source was, or one of two earlier ones; */
export const OP_COPY_ALIGNED = 3;
export const OP_COPY_EARLIER = 4;
export const OP_COPY_EARLIEST = 5;
/** so many bytes from where the last source ended, signed; */
export const OP_COPY_JUMP = 6;
/** so many bytes before the target. */
export const OP_COPY_BACK = 7;

export const LENGTH_LONG = 31;
export const LENGTH_BITS = 5;
