import { type CommandSpec, UsageError } from '@swarmpatch/terminal';
import type { TokenRecord } from '../tokens/token.repository.ts';
import { parseTokenScope } from '../tokens/token-scope.ts';
import { dataOption, databaseUrlOption } from './data-options.ts';
import { withTokens } from './with-tokens.ts';

/** A century; a date has its limits. */
export const EXPIRES_DAYS_MAX = 36_525;

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
      form: { wanted: 'admin or publish:GAME such as publish:starfall', read: parseTokenScope },
      required: true,
      description: 'publish:GAME for one game, admin for everything',
    },
    { name: 'expires', value: 'days', kind: 'count', description: 'days until it stops working; never when absent' },
  ],
  async run(input) {
    const scope = parseTokenScope(input.requiredText('scope'));
    const days = input.number('expires');
    if (days !== undefined && (days === 0 || days > EXPIRES_DAYS_MAX)) {
      throw new UsageError(`read --expires: found '${days}', wanted days from 1 to ${EXPIRES_DAYS_MAX}`);
    }
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
