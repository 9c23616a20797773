"""A libtorrent peer on loopback: downloads or seeds one torrent until it is ended.

usage: libtorrent-peer.py download|seed TORRENT DIRECTORY [--peer HOST:PORT] [--no-web-seeds] [--encrypted]
Prints one JSON line when it listens ({"listen": "127.0.0.1:PORT"}) and one when it has everything ({"done": true, ...}).
"""

import argparse
import json
import time

import libtorrent as lt

parser = argparse.ArgumentParser()
parser.add_argument("role", choices=["download", "seed"])
parser.add_argument("torrent")
parser.add_argument("directory")
parser.add_argument("--peer")
parser.add_argument("--no-web-seeds", action="store_true")
parser.add_argument("--encrypted", action="store_true", help="RC4 or no connection")
arguments = parser.parse_args()

session = lt.session(
    {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        "allow_multiple_connections_per_ip": True,
        "ssrf_mitigation": False,
        "alert_mask": int(lt.alert.category_t.storage_notification),
    }
)
if arguments.encrypted:
    forced = int(lt.enc_policy.forced)
    session.apply_settings({"in_enc_policy": forced, "out_enc_policy": forced, "allowed_enc_level": int(lt.enc_level.rc4)})
info = lt.torrent_info(arguments.torrent)
if arguments.no_web_seeds:
    info.set_web_seeds([])
parameters = lt.add_torrent_params()
parameters.ti = info
parameters.save_path = arguments.directory
parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
torrent = session.add_torrent(parameters)
if arguments.peer:
    host, port = arguments.peer.rsplit(":", 1)
    torrent.connect_peer((host, int(port)))


def say(**document):
    print(json.dumps(document), flush=True)


while session.listen_port() == 0 or torrent.status().state == lt.torrent_status.checking_files:
    time.sleep(0.01)
say(listen=f"127.0.0.1:{session.listen_port()}")

while not torrent.status().is_seeding:
    time.sleep(0.02)
status = torrent.status()
# It knows that all is right before all is in the files.
torrent.flush_cache()
while not any(isinstance(alert, lt.cache_flushed_alert) for alert in session.pop_alerts()):
    session.wait_for_alert(100)
say(done=True, received=status.total_payload_download)

while arguments.role == "seed":
    time.sleep(1)
