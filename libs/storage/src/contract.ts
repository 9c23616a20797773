export { describeBlobStore } from './blob-store.contract.ts';
