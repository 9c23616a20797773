export function compileOperations(): Promise<string>;
