import { SetMetadata } from '@nestjs/common';
import type { ApiErrorCode } from '@swarmpatch/api-contract';
import type { z } from 'zod';

/** What the API's page says of a route, in the schemas that the route itself uses. */
export interface Operation {
  summary: string;
  /** Absent when the route takes no token. */
  token?: 'publish';
  body?: z.ZodType;
  /** A body that is no JSON. */
  bodyType?: 'application/x-tar';
  reply: z.ZodType;
  /** An answer that is no JSON document: `reply` is of each event. */
  replyType?: 'text/event-stream';
  errors?: readonly ApiErrorCode[];
}

export const OPERATION: unique symbol = Symbol('operation');

export const Describe = (operation: Operation): MethodDecorator => SetMetadata(OPERATION, operation);
