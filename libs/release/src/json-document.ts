import type { z } from 'zod';

/** @returns Undefined when the bytes are not UTF-8 or not JSON. */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** Members keep the order that they are given in. */
export function encodeJson(document: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(document)}\n`);
}

export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'an unknown fault';
  const where = issue.path.length === 0 ? 'the document' : issue.path.map(String).join('.');
  return `a fault in ${where}: ${issue.message}`;
}
