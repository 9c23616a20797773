import { commandBundle } from '../../tools/command-bundle.mjs';

export default commandBundle;
