export type MetainfoErrorCode =
  | 'not_a_torrent'
  | 'torrent_too_long'
  | 'unsupported_version'
  | 'bad_name'
  | 'bad_path'
  | 'path_collision'
  | 'bad_symlink'
  | 'bad_length'
  | 'bad_piece_length'
  | 'bad_pieces'
  | 'bad_pieces_root'
  | 'bad_piece_layer'
  | 'bad_file_tree'
  | 'hybrid_mismatch'
  | 'no_data'
  | 'too_many_files'
  | 'too_many_pieces'
  | 'ambiguous_name'
  | 'infohash_mismatch'
  | 'bad_magnet'
  | 'bad_resume_data';

/** Why a torrent, an info dictionary, a magnet link or resume data is refused. */
export class MetainfoError extends Error {
  override readonly name = 'MetainfoError';
  readonly code: MetainfoErrorCode;
  /** The file that it is about, as far as it could be read. */
  readonly path: string | undefined;

  constructor(code: MetainfoErrorCode, message: string, path?: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}
