export { RecordedTerminal } from './recorded-terminal.ts';
