export { startPeerSweep, startUdpTracker, type UdpTrackerOptions, type UdpTrackerServer } from './udp-server.ts';
