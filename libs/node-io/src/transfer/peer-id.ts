/** How this client's peer ids start (BEP 20). */
export const PEER_ID_PREFIX = '-SP0100-';
