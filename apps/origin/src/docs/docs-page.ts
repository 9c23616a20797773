import { type z, z as schemas } from 'zod';
import type { DescribedRoute } from './openapi.ts';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  section { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: 0.5rem 0 1rem; }
  h2 { font: 600 1rem ui-monospace, monospace; overflow-wrap: anywhere; }
  .method { text-transform: uppercase; padding: 0 0.4em; border: 1px solid; border-radius: 0.3em; margin-right: 0.5em; }
  pre { overflow-x: auto; padding: 0.75rem; background: color-mix(in srgb, currentColor 7%, transparent); border-radius: 0.3em; }
  summary { cursor: pointer; }`;

/** The API for people: one page that loads nothing else and runs nothing. */
export function renderDocsPage(routes: readonly DescribedRoute[], version: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Swarmpatch origin API</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Swarmpatch origin API</h1>
<p>Version ${escape(version)}. Bodies are JSON; a request may come gzipped. Every refusal is
<code>{"error":{"code","message"}}</code>. Also as <a href="/api/docs/openapi.json">OpenAPI 3.1</a>.</p>
${routes.map(renderRoute).join('\n')}
</body>
</html>
`;
}

function renderRoute({ method, path, operation }: DescribedRoute): string {
  const { summary, token, body, bodyType, reply, replyType, errors } = operation;
  return `<section>
<h2><span class="method">${method}</span>${escape(path)}</h2>
<p>${escape(summary)}.${token ? ' Wants a bearer token of scope <code>publish:GAME</code> or <code>admin</code>.' : ''}</p>
${bodyType ? `<p>Request: <code>${escape(bodyType)}</code></p>` : ''}
${body ? renderSchema('Request', body, 'input') : ''}
${replyType ? `<p>Answer: <code>${escape(replyType)}</code></p>` : ''}
${renderSchema(replyType ? 'Event' : 'Answer', reply, 'output')}
${errors ? `<p>Refusals: ${errors.map((code) => `<code>${code}</code>`).join(', ')}</p>` : ''}
</section>`;
}

function renderSchema(title: string, schema: z.ZodType, io: 'input' | 'output'): string {
  const { $schema: _, ...rest } = schemas.toJSONSchema(schema, { io });
  return `<details><summary>${title}</summary><pre>${escape(JSON.stringify(rest, undefined, 2))}</pre></details>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
