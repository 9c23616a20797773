import { FAULTS } from '@swarmpatch/testkit';
import { refuse } from './settings.mjs';

/** @returns The faults that a run is to have, as the simulation names them. */
export function readFaults(text) {
  const names = text.split(',').filter((name) => name !== '');
  if (names.includes('all')) return FAULTS;
  return names.map((name) => {
    const fault = name.replaceAll('-', '_');
    if (FAULTS.includes(fault)) return fault;
    throw refuse('faults', name, `"all", or some of ${FAULTS.map((each) => each.replaceAll('_', '-')).join(', ')}`);
  });
}
