import { describe, expect, it } from 'vitest';
import { apiErrorBodySchema, apiErrorStatus } from './errors.ts';
import { createGameRequestSchema } from './games.ts';
import { putTargetsRequestSchema } from './trust.ts';
import { beginUploadRequestSchema, DOCUMENTS_MAX } from './uploads.ts';

describe('request schemas', () => {
  it('refuse ids that break the rules of release', () => {
    expect(createGameRequestSchema.safeParse({ id: 'starfall', title: 'Starfall' }).success).toBe(true);
    for (const id of ['Starfall', '../x', 'con', '']) {
      expect(createGameRequestSchema.safeParse({ id, title: 'Starfall' }).success, id).toBe(false);
    }
    expect(createGameRequestSchema.safeParse({ id: 'starfall', title: ' ' }).success).toBe(false);
  });

  it('take base64 of tens of megabytes and refuse what is not base64', () => {
    const long = Buffer.alloc(20_000_000).toString('base64');
    expect(beginUploadRequestSchema.safeParse({ manifest: long, torrent: '' }).success).toBe(true);
    expect(beginUploadRequestSchema.safeParse({ manifest: `${long}=`, torrent: '' }).success).toBe(false);
  });

  it('limit the documents of one request', () => {
    const documents = Array.from({ length: DOCUMENTS_MAX + 1 }, (_, index) => ({
      path: `channels/c${index}.json`,
      base64: '',
    }));
    expect(putTargetsRequestSchema.safeParse({ targets: '', documents: documents.slice(1) }).success).toBe(true);
    expect(putTargetsRequestSchema.safeParse({ targets: '', documents }).success).toBe(false);
  });
});

describe('errors', () => {
  it('have codes that the terminal recognises, each with an HTTP status of its own kind', () => {
    for (const [code, status] of Object.entries(apiErrorStatus)) {
      expect(apiErrorBodySchema.safeParse({ error: { code, message: '' } }).success, code).toBe(true);
      expect(status).toBeGreaterThanOrEqual(400);
    }
  });
});
