import { parentPort, workerData } from 'node:worker_threads';
import type { Gateway } from './gateway.ts';
import { takeOverFetch } from './neighbour-fetch.ts';
import type { PortMappingJob } from './port-mapping.ts';

const RENEW_MS_MIN = 30_000;
const RENEW_MS_MAX = 60 * 60_000;
const RETRY_MS = 5 * 60_000;

const { port, gateway: address } = workerData as PortMappingJob;
let mapped: Gateway | undefined;
let renewing: NodeJS.Timeout | undefined;

// The library's sockets throw on packets that are too short, and where a port is taken: the request is then not answered.
process.on('uncaughtException', () => undefined);
parentPort?.once('message', () => void end());
takeOverFetch();
void start();

async function start(): Promise<void> {
  const { defaultGateway, NatPmpGateway } = await import('./nat-pmp-gateway.ts');
  const natPmpAddress = address ?? (await defaultGateway().catch(() => undefined));
  if (natPmpAddress !== undefined && (await tryGateway(new NatPmpGateway(natPmpAddress, port)))) return;
  const { UpnpGateway } = await import('./upnp-gateway.ts');
  if (address === undefined && (await tryGateway(new UpnpGateway(port)))) return;
  await end();
}

async function tryGateway(gateway: Gateway): Promise<boolean> {
  if (await keepMapped(gateway)) return true;
  await gateway.close().catch(() => undefined);
  return false;
}

async function keepMapped(gateway: Gateway): Promise<boolean> {
  try {
    const granted = await gateway.map();
    mapped = gateway;
    parentPort?.postMessage(granted.mapped);
    renewIn(Math.min(Math.max(granted.lifetimeSeconds * 500, RENEW_MS_MIN), RENEW_MS_MAX), gateway);
    return true;
  } catch {
    return false;
  }
}

function renewIn(waitMs: number, gateway: Gateway): void {
  renewing = setTimeout(() => {
    void keepMapped(gateway).then((isMapped) => {
      if (isMapped) return;
      parentPort?.postMessage(undefined);
      renewIn(RETRY_MS, gateway);
    });
  }, waitMs);
}

async function end(): Promise<void> {
  clearTimeout(renewing);
  await mapped?.unmap().catch(() => undefined);
  process.exit();
}
