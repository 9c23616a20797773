/** What players have to be told; nothing that a browser would run. */
const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  ['flac', 'audio/flac'],
  ['jpeg', 'image/jpeg'],
  ['jpg', 'image/jpeg'],
  ['m4a', 'audio/mp4'],
  ['mkv', 'video/x-matroska'],
  ['mp3', 'audio/mpeg'],
  ['mp4', 'video/mp4'],
  ['ogg', 'audio/ogg'],
  ['ogv', 'video/ogg'],
  ['opus', 'audio/ogg'],
  ['png', 'image/png'],
  ['txt', 'text/plain; charset=utf-8'],
  ['wav', 'audio/wav'],
  ['webm', 'video/webm'],
  ['webp', 'image/webp'],
]);

export function mediaTypeOf(path: string): string {
  const extension = /\.([^./]+)$/.exec(path)?.[1] ?? '';
  return MEDIA_TYPES.get(extension.toLowerCase()) ?? 'application/octet-stream';
}
