const WIDTH = 760;
const HEIGHT = 440;
const FRAME = { left: 70, right: 30, top: 76, bottom: 64 };
const COPIES_COLOR = '#2563eb';
const COPIES_LABEL_COLOR = '#1d4ed8';
const TEXT_COLOR = '#1f2937';
const QUIET_COLOR = '#6b7280';
const GRID_COLOR = '#e5e7eb';

/**
 * An SVG of what the origin sent, in builds, against the size of the crowd.
 *
 * @param outcomes One for each size.
 */
export function plotCrowds(outcomes, { pieceCount, pieceLengthBytes, rates, originUplink, seed }) {
  const points = outcomes.map(({ report }) => ({
    launchers: report.launchers,
    copies: report.originCopies,
    times: report.timesFluidLimit,
  }));
  const highest = axisEnd(Math.max(...points.map(({ copies }) => copies)));
  const decades = Math.max(1, Math.log10(Math.max(...points.map(({ launchers }) => launchers))));
  const x = (launchers) => FRAME.left + (Math.log10(launchers) / decades) * (WIDTH - FRAME.left - FRAME.right);
  const y = (copies) => HEIGHT - FRAME.bottom - (copies / highest) * (HEIGHT - FRAME.top - FRAME.bottom);
  const build = `a build of ${mib(pieceCount * pieceLengthBytes)}, lines ${mib(rates.uplink)}/s up and ${mib(rates.downlink)}/s down, origin ${mib(originUplink)}/s, seed ${seed}`;
  const parts = [
    text(FRAME.left, 30, 'Copies of the build that the origin sent', { size: 18, weight: 600 }),
    text(FRAME.left, 52, `everyone starts at once: ${build}`, { size: 12, color: QUIET_COLOR }),
    ...copiesAxis(highest, y),
    ...points.map(({ launchers }) =>
      text(x(launchers), HEIGHT - FRAME.bottom + 22, count(launchers), { anchor: 'middle' }),
    ),
    text((FRAME.left + WIDTH - FRAME.right) / 2, HEIGHT - 16, 'launchers', { anchor: 'middle', color: QUIET_COLOR }),
    `<polyline fill="none" stroke="${COPIES_COLOR}" stroke-width="2.5" stroke-linejoin="round" points="${points.map(({ launchers, copies }) => `${round(x(launchers))},${round(y(copies))}`).join(' ')}"/>`,
    ...points.flatMap((point, index) => mark(point, { x, y, index, last: points.length - 1 })),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif">`,
    `<title>Copies of the build that the origin sent, for 1 to ${count(points.at(-1).launchers)} launchers</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function copiesAxis(highest, y) {
  const step = tickStep(highest);
  const parts = [];
  for (let copies = 0; copies <= highest + step / 2; copies += step) {
    const color = copies === 0 ? QUIET_COLOR : GRID_COLOR;
    parts.push(
      `<line x1="${FRAME.left}" x2="${WIDTH - FRAME.right}" y1="${round(y(copies))}" y2="${round(y(copies))}" stroke="${color}"/>`,
      text(FRAME.left - 10, y(copies) + 4, String(round(copies)), { anchor: 'end' }),
    );
  }
  return parts;
}

function mark({ launchers, copies, times }, { x, y, index, last }) {
  const anchor = index === 0 ? 'start' : index === last ? 'end' : 'middle';
  return [
    `<circle cx="${round(x(launchers))}" cy="${round(y(copies))}" r="4.5" fill="${COPIES_COLOR}" stroke="#ffffff" stroke-width="1.5"/>`,
    text(x(launchers), y(copies) - 28, copies.toFixed(2), { anchor, color: COPIES_LABEL_COLOR, size: 14, weight: 600 }),
    text(x(launchers), y(copies) - 12, `${times.toFixed(2)}× fluid limit`, { anchor, color: QUIET_COLOR, size: 11 }),
  ];
}

/** Room for labels above the highest point. */
function axisEnd(most) {
  const step = tickStep(most * 1.25);
  return Math.ceil((most * 1.25) / step) * step;
}

function tickStep(range) {
  const power = 10 ** Math.floor(Math.log10(range / 4));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => range / step <= 5);
}

function text(atX, atY, content, { anchor = 'start', color = TEXT_COLOR, size = 13, weight = 400 } = {}) {
  return `<text x="${round(atX)}" y="${round(atY)}" text-anchor="${anchor}" font-size="${size}" font-weight="${weight}" fill="${color}" stroke="#ffffff" stroke-width="4" paint-order="stroke">${content}</text>`;
}

function mib(bytes) {
  return bytes >= 2 ** 20 ? `${round(bytes / 2 ** 20)} MiB` : `${round(bytes / 2 ** 10)} KiB`;
}

function count(number) {
  return number.toLocaleString('en-US');
}

function round(number) {
  return Math.round(number * 100) / 100;
}
