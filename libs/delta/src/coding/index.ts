export { encodeSegment } from './encode-segment.ts';
export { SegmentDecoder } from './segment-decoder.ts';
