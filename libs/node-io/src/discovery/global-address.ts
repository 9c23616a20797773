import { createSocket } from 'node:dgram';

/** Of the block that addresses are given out of; nothing is sent there. */
const SOMEWHERE = { host: '2000::1', port: 9 };

/**
 * The address by which this machine speaks to the IPv6 internet now, of the several that it may have (RFC 6724).
 *
 * @returns undefined when it does not.
 */
export async function globalIpv6Address(): Promise<string | undefined> {
  const socket = createSocket('udp6');
  try {
    return await new Promise((resolve) => {
      socket.once('error', () => {
        resolve(undefined);
      });
      // A socket that is connected has been given its address.
      socket.once('connect', () => {
        resolve(socket.address().address);
      });
      socket.connect(SOMEWHERE.port, SOMEWHERE.host);
    });
  } finally {
    socket.close();
  }
}
