import { DeltaError, type DeltaErrorCode } from '@swarmpatch/delta';

/** An error as it crosses threads, which keep no classes. */
export interface JobError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly path: string | undefined;
  readonly stack: string | undefined;
}

export function describeJobError(error: unknown): JobError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), code: undefined, path: undefined, stack: undefined };
  }
  const { name, message, stack } = error;
  return { name, message, stack, code: textOf(error, 'code'), path: textOf(error, 'path') };
}

/** A `DeltaError` again where it was one. */
export function reviveJobError({ name, message, code, path, stack }: JobError): Error {
  const error =
    name === 'DeltaError'
      ? new DeltaError(code as DeltaErrorCode, message, path === undefined ? {} : { path })
      : Object.assign(new Error(message), { ...(code !== undefined && { code }), ...(path !== undefined && { path }) });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function textOf(error: Error, key: string): string | undefined {
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : undefined;
}
