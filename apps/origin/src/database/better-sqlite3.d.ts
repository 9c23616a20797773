/** The part of better-sqlite3 that is used here; the package brings no types of its own. */
declare module 'better-sqlite3' {
  class Database {
    constructor(path: string, options?: { timeout?: number });
    pragma(source: string): unknown;
    exec(sql: string): this;
    prepare(sql: string): { all(): Record<string, unknown>[] };
    close(): this;
  }
  export = Database;
}
