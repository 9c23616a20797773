import { type CommandSpec, UsageError } from '@swarmpatch/terminal';
import type { TokenRecord } from '../tokens/token.repository.ts';
import { parseTokenScope } from '../tokens/token-scope.ts';
import { dataOption, databaseUrlOption } from './data-options.ts';
import { withTokens } from './with-tokens.ts';

export const tokenCreate: CommandSpec = {
  path: ['token', 'create'],
  summary: 'make a token and print it, once',
  example: 'swarmpatch-origin token create --data ./origin --scope publish:starfall --expires 90',
  options: [
    dataOption,
    databaseUrlOption,
    {
      name: 'scope',
      value: 'scope',
      kind: 'text',
      required: true,
      description: 'publish:GAME for one game, admin for everything',
    },
    { name: 'expires', value: 'days', kind: 'count', description: 'days until it stops working; never when absent' },
  ],
  async run(input) {
    const scope = parseTokenScope(input.requiredText('scope'));
    const days = input.number('expires');
    if (days === 0) throw new UsageError('read the command line: --expires is 0, wanted at least one day');
    const { text, record } = await withTokens(input, (tokens) => tokens.create(scope, days));
    return { document: { token: text, ...documentOf(record) }, text };
  },
};

export const tokenList: CommandSpec = {
  path: ['token', 'list'],
  summary: 'list tokens by their ids',
  example: 'swarmpatch-origin token list --data ./origin',
  options: [dataOption, databaseUrlOption],
  async run(input) {
    const records = await withTokens(input, (tokens) => tokens.list());
    const lines = records.map(documentOf).map(({ id, scope, created, expires, revoked }) => {
      const state = revoked === undefined ? `expires ${expires ?? 'never'}` : `revoked ${revoked}`;
      return `${id}  ${scope}  made ${created}  ${state}`;
    });
    return { document: { tokens: records.map(documentOf) }, text: lines.length === 0 ? 'no tokens' : lines.join('\n') };
  },
};

export const tokenRevoke: CommandSpec = {
  path: ['token', 'revoke'],
  summary: 'make a token worthless',
  example: 'swarmpatch-origin token revoke 3f0c1e6a9b2d --data ./origin',
  arguments: [{ name: 'id', description: 'id of the token, as token list shows it' }],
  options: [dataOption, databaseUrlOption],
  async run(input) {
    const id = input.argument('id');
    await withTokens(input, (tokens) => tokens.revoke(id));
    return { document: { revoked: id }, text: `Revoked ${id}` };
  },
};

interface TokenDocument {
  id: string;
  scope: string;
  created: string;
  expires?: string;
  revoked?: string;
}

function documentOf({ id, scope, createdAtMs, expiresAtMs, revokedAtMs }: TokenRecord): TokenDocument {
  return {
    id,
    scope,
    created: new Date(createdAtMs).toISOString(),
    ...(expiresAtMs !== undefined && { expires: new Date(expiresAtMs).toISOString() }),
    ...(revokedAtMs !== undefined && { revoked: new Date(revokedAtMs).toISOString() }),
  };
}
