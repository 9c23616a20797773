export { encodeSegment } from './encode-segment.ts';
