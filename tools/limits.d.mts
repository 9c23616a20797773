export function describeLimits(): Promise<string>;
