"""Seeds or fetches a torrent on loopback with libtorrent. usage: swarm_peer.py seed|fetch TORRENT DIR PORT

A seed listens at the port and stays until it is ended; a leecher fetches from the seed at the port and ends.
"""

import sys
import time

import libtorrent as lt

role, torrent, directory, port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
session = lt.session(
    {
        "listen_interfaces": f"127.0.0.1:{port if role == 'seed' else 0}",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        "allow_multiple_connections_per_ip": True,
    }
)
params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent)
params.save_path = directory
params.flags &= ~lt.torrent_flags.auto_managed
params.flags &= ~lt.torrent_flags.paused
if role == "seed":
    params.flags |= lt.torrent_flags.seed_mode
handle = session.add_torrent(params)
if role == "seed":
    while not handle.status().is_seeding:
        time.sleep(0.01)
    print("ready", flush=True)
    sys.stdin.read()
else:
    while not handle.status().is_seeding:
        if not handle.get_peer_info():
            handle.connect_peer(("127.0.0.1", port))
        time.sleep(0.01)
