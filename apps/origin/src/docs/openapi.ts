/** The API as an OpenAPI 3.1 document, made from what its routes declare. */
import { RequestMethod, type Type } from '@nestjs/common';
import { apiErrorBodySchema, apiErrorStatus } from '@swarmpatch/api-contract';
import { z } from 'zod';
import { type Operation, OPERATION } from './operation.ts';

/** Where Nest's decorators keep a route's path and method. */
const PATH_METADATA = 'path';
const METHOD_METADATA = 'method';

export interface DescribedRoute {
  method: string;
  /** With parameters as `{name}`. */
  path: string;
  operationId: string;
  operation: Operation;
}

interface OpenApiDocument {
  openapi: '3.1.0';
  info: { title: string; version: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, object>>;
  components: object;
}

/** Routes of the controllers that carry `@Describe`, in the order of their declaration. */
export function describeRoutes(controllers: readonly Type[]): DescribedRoute[] {
  return controllers.flatMap((controller) => {
    const handlers = Object.getOwnPropertyDescriptors(controller.prototype as object);
    return Object.entries(handlers).flatMap(([name, { value }]: [string, PropertyDescriptor]) => {
      const operation = metadataOf<Operation>(OPERATION, value);
      if (operation === undefined) return [];
      const parts = [metadataOf<string>(PATH_METADATA, controller), metadataOf<string>(PATH_METADATA, value)];
      const path = parts.flatMap((part) => (part ?? '').split('/')).filter((segment) => segment !== '');
      return {
        method: (RequestMethod[metadataOf<number>(METHOD_METADATA, value) ?? 0] ?? 'GET').toLowerCase(),
        path: `/${path.map((segment) => segment.replace(/^:(.*)$/, '{$1}')).join('/')}`,
        operationId: `${controller.name.replace(/Controller$/, '')}.${name}`,
        operation,
      };
    });
  });
}

/** @param url Where the API is reached. */
export function createOpenApi(routes: readonly DescribedRoute[], version: string, url: string): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = pathItem(route);
  return {
    openapi: '3.1.0',
    info: { title: 'Swarmpatch origin', version },
    servers: [{ url }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: jsonSchema(apiErrorBodySchema, 'output') },
    },
  };
}

function pathItem({ path, operationId, operation }: DescribedRoute): object {
  const { summary, token, body, bodyType, reply, replyType = 'application/json' } = operation;
  const content = body
    ? { 'application/json': { schema: jsonSchema(body, 'input') } }
    : bodyType && { [bodyType]: { schema: { type: 'string', format: 'binary' } } };
  return {
    operationId,
    summary,
    parameters: [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => {
      return { name, in: 'path', required: true, schema: { type: 'string' } };
    }),
    ...(token && { security: [{ token: [] }] }),
    ...(content && { requestBody: { required: true, content } }),
    responses: {
      200: { description: 'Done', content: { [replyType]: { schema: jsonSchema(reply, 'output') } } },
      ...errorResponses(operation),
    },
  };
}

function errorResponses({ token, body, errors = [] }: Operation): Record<string, object> {
  const codes = new Set(errors);
  if (token) codes.add('unauthorized').add('forbidden');
  if (body) codes.add('bad_request').add('too_large');
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  const responses: Record<string, { description: string; content: object }> = {};
  for (const code of codes) {
    const known = responses[apiErrorStatus[code]];
    responses[apiErrorStatus[code]] = { description: known ? `${known.description}, ${code}` : code, content };
  }
  return responses;
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

function metadataOf<Value>(key: string | symbol, target: unknown): Value | undefined {
  return typeof target === 'function' ? (Reflect.getMetadata(key, target) as Value | undefined) : undefined;
}
