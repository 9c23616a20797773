import type { CommandInput } from '@swarmpatch/terminal';
import type { TokenKeeper } from '../tokens/token-keeper.ts';

/** Opens the tokens of a data directory, while an origin runs on it or not. */
export async function withTokens<Result>(
  input: CommandInput,
  work: (tokens: TokenKeeper) => Promise<Result>,
): Promise<Result> {
  const [{ Configuration }, { openData }, { Clock }, { TokenKeeper: Keeper }, { TokenRepository }] = await Promise.all([
    import('../configuration.ts'),
    import('../database/data-directory.ts'),
    import('../clock.ts'),
    import('../tokens/token-keeper.ts'),
    import('../tokens/token.repository.ts'),
  ]);
  const nowhere = { host: '127.0.0.1', port: 0 };
  const databaseUrl = input.text('database-url');
  const database = await openData(
    new Configuration({
      dataDirectory: input.requiredText('data'),
      http: nowhere,
      udp: nowhere,
      ...(databaseUrl !== undefined && { databaseUrl }),
    }),
  );
  try {
    return await work(new Keeper(new TokenRepository(database), new Clock()));
  } finally {
    await database.close();
  }
}
