import { readFile, stat } from 'node:fs/promises';
import { NOTES_CHARACTERS_MAX } from '@swarmpatch/release';
import { PublishError } from '../publish-error.ts';

/** @throws {PublishError} `bad_notes` */
export async function readNotes(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const bad = (found: string, cause?: unknown): PublishError =>
    new PublishError(
      'bad_notes',
      `read notes ${path}: ${found}; wanted UTF-8 text of at most ${NOTES_CHARACTERS_MAX} characters`,
      { path, cause },
    );
  let bytes: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > NOTES_CHARACTERS_MAX * 4) throw bad(`found ${size} bytes`);
    bytes = await readFile(path);
  } catch (cause) {
    throw cause instanceof PublishError ? cause : bad('it cannot be read', cause);
  }
  const text = decode(bytes);
  if (text === undefined || text.length > NOTES_CHARACTERS_MAX) throw bad('found something else');
  return text;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
