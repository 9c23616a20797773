/** Under what the world reaches a port of this machine. */
export interface MappedPort {
  readonly externalPort: number;
  /** The gateway's own address outside, where it says so; behind two gateways that is not the world's view. */
  readonly externalHost: string | undefined;
  readonly protocol: 'nat-pmp' | 'upnp';
}

/** A router that maps TCP ports. */
export interface Gateway {
  /** Maps the port, or keeps it mapped. Rejects where that cannot be. */
  map(): Promise<{ readonly mapped: MappedPort; readonly lifetimeSeconds: number }>;
  unmap(): Promise<void>;
  close(): Promise<void>;
}

/** Asked of the gateway (RFC 6886 recommends it), and renewed at half of what was granted. */
export const MAPPING_LIFETIME_SECONDS = 7200;

/** @throws {Error} when it is not done in time: the library waits for ever. */
export async function withinMs<T>(timeoutMs: number, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([task, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

export function isPort(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 65_535;
}
