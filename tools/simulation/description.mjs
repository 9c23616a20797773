/** What a person reads about one run. */
export function describe({ broken, report, wallSeconds, memoryBytes }) {
  if (broken) return `BROKEN ${broken.message}`;
  const { seconds, fairness } = report;
  const freeRiders = fairness.freeRidersMedianSeconds;
  const rows = [
    [
      'origin copies',
      report.originCopies.toFixed(2),
      `${mib(report.originBytes)} of a build of ${mib(report.buildBytes)}`,
    ],
    ['last finisher', `${seconds.last.toFixed(1)} s`, `${report.timesFluidLimit.toFixed(2)} times the fluid limit`],
    ['median finisher', `${seconds.median.toFixed(1)} s`, ''],
    ['fluid limit', `${seconds.fluidLimit.toFixed(1)} s`, ''],
    ['fairness', fairness.uploadIndex.toFixed(3), "Jain's index of uploads"],
    ...(freeRiders === null
      ? []
      : [
          ['contributors', `${fairness.contributorsMedianSeconds.toFixed(1)} s`, 'median, from start to end'],
          ['free riders', `${freeRiders.toFixed(1)} s`, 'median, from start to end'],
        ]),
    [
      'blocks',
      count(report.blocks),
      `${count(report.events)} events, ${wallSeconds.toFixed(1)} s, ${mib(memoryBytes)}`,
    ],
    ['digest', report.digest, 'every invariant held'],
  ];
  const faults = report.faults.length === 0 ? 'no faults' : report.faults.join(', ');
  const lines = rows.map(([name, value, note]) => `  ${name.padEnd(16)} ${value.padStart(16)}  ${note}`.trimEnd());
  return [`seed ${report.seed}: ${count(report.launchers)} launchers, ${faults}`, ...lines].join('\n');
}

function mib(bytes) {
  return `${count(Math.round(bytes / 2 ** 20))} MiB`;
}

function count(number) {
  return number.toLocaleString('en-US');
}
