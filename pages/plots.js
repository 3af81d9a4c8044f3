// Draws the time plots: bars of jobs, one part for each layer, from the numbers that the page brings along. The same numbers
// stand in a table for who does not see them.
/* global uPlot */
const FILLS = {
  pass: '--fill-pass',
  kernel: '--fill-fail',
  test: '--fill-miss',
  harness: '--fill-error',
  unknown: '--fill-skip',
};
const drawn = new Map();

function draw(place) {
  const { x, series } = JSON.parse(place.dataset.points);
  const style = getComputedStyle(document.documentElement);
  // A custom property may hold light-dark(): the browser resolves it in a colour.
  const probe = document.createElement('span');
  document.body.append(probe);
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  // Stacked: each series stands on the sum of those below it, and the highest is drawn first.
  const sums = x.map(() => 0);
  const stacked = series.map(({ values }) => values.map((value, i) => (sums[i] += value)));
  const axis = {
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  const options = {
    width: Math.max(200, place.clientWidth),
    height: 200,
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), 'Etc/UTC'),
    legend: { live: false },
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _min, most) => [0, Math.max(4, most)] } },
    axes: [axis, { ...axis, size: 40 }],
    series: [
      {},
      ...series
        .map(({ label, shade }) => ({
          label,
          fill: colour(FILLS[shade]),
          stroke: colour(FILLS[shade]),
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.7, 40] }),
        }))
        .toReversed(),
    ],
  };
  probe.remove();
  drawn.get(place)?.destroy();
  drawn.set(place, new uPlot(options, [x, ...stacked.toReversed()], place));
}

function drawAll() {
  for (const place of document.querySelectorAll('.plot')) draw(place);
}

drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
let resized;
addEventListener('resize', () => {
  clearTimeout(resized);
  resized = setTimeout(drawAll, 200);
});
// The plot itself is kept when the page is put in place; its numbers come along in an event of their own.
document.addEventListener('points', ({ detail }) => {
  const place = document.getElementById(detail.id);
  if (place === null || place.dataset.points === detail.points) return;
  place.dataset.points = detail.points;
  draw(place);
});
