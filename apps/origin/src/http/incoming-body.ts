/** Request bodies reach the handler as streams: nothing of one is read before its token is checked. */
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { OriginError } from '../origin-error.ts';

export class IncomingBody {
  readonly stream: Readable;
  readonly contentEncoding: string | undefined;

  constructor(stream: Readable, contentEncoding: string | undefined) {
    this.stream = stream;
    this.contentEncoding = contentEncoding;
  }

  /** @throws {OriginError} `too_large`, `bad_request` */
  async read(bytesMax: number): Promise<Buffer> {
    switch (this.contentEncoding) {
      case undefined:
      case 'identity':
        return collect(this.stream, bytesMax);
      case 'gzip': {
        const gunzip = createGunzip();
        this.stream.once('error', (error) => gunzip.destroy(error));
        return collect(this.stream.pipe(gunzip), bytesMax);
      }
      default:
        throw new OriginError(
          'bad_request',
          `read the request: found content-encoding ${this.contentEncoding}, wanted gzip or none`,
        );
    }
  }
}

/** Reads a JSON body of at most so many bytes and checks it against the parameter's schema. */
@Injectable()
export class JsonBody implements PipeTransform<unknown, Promise<unknown>> {
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  async transform(body: unknown, { schema }: ArgumentMetadata): Promise<unknown> {
    if (!(body instanceof IncomingBody)) {
      throw new OriginError('bad_request', 'read the request: found no body, wanted a JSON document');
    }
    const document = parseJson(await body.read(this.#bytesMax));
    const result = await schema?.['~standard'].validate(document);
    if (result === undefined) return document;
    if (!result.issues) return result.value;
    const [issue] = result.issues;
    const where = issue?.path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    throw new OriginError(
      'bad_request',
      `read the request: found a fault in ${where === undefined || where === '' ? 'the document' : where}: ${issue?.message ?? ''}`,
    );
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new OriginError('bad_request', 'read the request: found a body that is not JSON', { cause });
  }
}

function collect(source: Readable, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const stop = (): void => {
      source.off('data', take);
      chunks.length = 0;
    };
    const take = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      stop();
      reject(new OriginError('too_large', `read the request: found more than ${bytesMax} bytes; send less at a time`));
    };
    source.on('data', take);
    source.once('end', () => resolve(Buffer.concat(chunks)));
    source.once('error', (cause) => {
      stop();
      reject(new OriginError('bad_request', `read the request: the body broke off: ${cause.message}`, { cause }));
    });
  });
}
