/**
 * What is used of @silentbot1/nat-api 0.4.9, which ships no types. Its own class says neither by which protocol nor to
 * which port it mapped, so the clients below it are used, and of it just that it knows the default gateway.
 */
declare module '@silentbot1/nat-api' {
  class NatApi {
    readonly _pmpClient: { readonly gateway: string } | null;
    constructor(options: { enableUPNP: false });
    destroy(): Promise<unknown>;
  }
  export = NatApi;
}

declare module '@silentbot1/nat-api/lib/pmp/index.js' {
  import type { EventEmitter } from 'node:events';

  class NatPmpClient extends EventEmitter {
    constructor(gateway: string);
    /** `public` is the port that is wished for, `ttl` in seconds. */
    portMapping(wish: { public: number; private: number; type: 'tcp'; ttl: number }): Promise<{
      public: number;
      ttl: number;
    }>;
    portUnmapping(mapping: { private: number; type: 'tcp' }): Promise<unknown>;
    externalIp(): Promise<string>;
    close(): Promise<void>;
  }
  export = NatPmpClient;
}

declare module '@silentbot1/nat-api/lib/upnp/index.js' {
  class NatUpnpClient {
    constructor(options: { permanentFallback: boolean });
    portMapping(wish: {
      public: number;
      private: number;
      protocol: 'TCP';
      description: string;
      ttl: number;
    }): Promise<unknown>;
    portUnmapping(mapping: { public: number; protocol: 'TCP' }): Promise<unknown>;
    externalIp(): Promise<unknown>;
    destroy(): Promise<unknown>;
  }
  export = NatUpnpClient;
}
