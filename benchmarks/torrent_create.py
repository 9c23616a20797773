"""Creates a hybrid torrent with libtorrent. usage: torrent_create.py PATH OUT PIECE_LENGTH"""

import os
import sys

import libtorrent as lt

path, out, piece_length = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
storage = lt.file_storage()
lt.add_files(storage, path)
torrent = lt.create_torrent(storage, piece_length)
lt.set_piece_hashes(torrent, os.path.dirname(path))
with open(out, "wb") as file:
    file.write(lt.bencode(torrent.generate()))
