"""A libtorrent session on loopback that looks for the peers of one infohash until it is ended.

usage: libtorrent-seeker.py INFOHASH [--host ADDRESS] --lan | --dht HOST:PORT
Prints one JSON line when it listens ({"listen": "127.0.0.1:PORT"}). It connects to whomever it finds.
"""

import argparse
import json
import tempfile
import time

import libtorrent as lt

parser = argparse.ArgumentParser()
parser.add_argument("infohash")
parser.add_argument("--host", default="127.0.0.1", help="where it listens; in brackets if IPv6")
parser.add_argument("--lan", action="store_true")
parser.add_argument("--dht", default="", help="the node to start from")
arguments = parser.parse_args()

session = lt.session(
    {
        "listen_interfaces": f"{arguments.host}:0",
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
        # Itself is one of the peers that it finds, and here all have one address.
        "allow_multiple_connections_per_ip": True,
    }
)
parameters = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + arguments.infohash)
parameters.save_path = tempfile.gettempdir()
parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
session.add_torrent(parameters)

while session.listen_port() == 0:
    time.sleep(0.01)
print(json.dumps({"listen": f"{arguments.host}:{session.listen_port()}"}), flush=True)
while True:
    time.sleep(1)
