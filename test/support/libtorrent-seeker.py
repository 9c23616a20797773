"""A libtorrent session on loopback that looks for the peers of one infohash until it is ended.

usage: libtorrent-seeker.py INFOHASH --lan | --dht HOST:PORT
Prints one JSON line when it listens ({"listen": "127.0.0.1:PORT"}). It connects to whomever it finds.
"""

import argparse
import json
import tempfile
import time

import libtorrent as lt

parser = argparse.ArgumentParser()
parser.add_argument("infohash")
parser.add_argument("--lan", action="store_true")
parser.add_argument("--dht", default="", help="the node to start from")
arguments = parser.parse_args()

session = lt.session(
    {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": arguments.dht != "",
        "dht_bootstrap_nodes": arguments.dht,
        "dht_restrict_routing_ips": False,
        "dht_restrict_search_ips": False,
        "dht_ignore_dark_internet": False,
        "dht_announce_interval": 2,
        "enable_lsd": arguments.lan,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
    }
)
parameters = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + arguments.infohash)
parameters.save_path = tempfile.gettempdir()
parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
session.add_torrent(parameters)

while session.listen_port() == 0:
    time.sleep(0.01)
print(json.dumps({"listen": f"127.0.0.1:{session.listen_port()}"}), flush=True)
node = arguments.dht.rsplit(":", 1)
while True:
    # On a busy machine the first answer may come too late, and libtorrent does not start over.
    if len(node) == 2:
        session.add_dht_node((node[0], int(node[1])))
    time.sleep(1)
