/**
 * Spark: a small line without axes. A missing value is a gap; the last point has a dot; the band
 * of normal values is shaded. lo and hi fix the scale, else it follows the values and the band.
 */
(function (yiwang) {
  "use strict";

  const WIDTH = 96;
  const HEIGHT = 32;
  const EDGE = 3;

  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

  function scaleOf({ points, lo, hi, band_lo: bandLo, band_hi: bandHi }) {
    const seen = [...points, bandLo, bandHi].filter(isNumber);
    const low = isNumber(lo) ? lo : Math.min(...seen);
    const high = isNumber(hi) ? hi : Math.max(...seen);
    const span = high - low;
    const step = (WIDTH - 2 * EDGE) / Math.max(1, points.length - 1);
    return {
      x: (index) => EDGE + index * step,
      y(value) {
        const share = span ? Math.min(1, Math.max(0, (value - low) / span)) : 0.5;
        return HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE);
      },
    };
  }

  /** Give one path for all runs of known values; a run of one becomes a dot of its own. */
  function pathOf(points, { x, y }) {
    let path = "";
    points.forEach((value, index) => {
      if (!isNumber(value)) return;
      const starts = !isNumber(points[index - 1]);
      const at = `${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      path += starts ? `M${at}` : `L${at}`;
      if (starts && !isNumber(points[index + 1])) path += `L${at}`;
    });
    return path;
  }

  function bandOf({ band_lo: bandLo, band_hi: bandHi }, { y }) {
    if (!isNumber(bandLo) && !isNumber(bandHi)) return null;
    const top = isNumber(bandHi) ? y(bandHi) : 0;
    const bottom = isNumber(bandLo) ? y(bandLo) : HEIGHT;
    const box = { x: 0, width: WIDTH, y: top, height: Math.max(0, bottom - top) };
    return window.React.createElement("rect", { className: "spark-band", ...box });
  }

  yiwang.Spark = function Spark(props) {
    const { createElement: h } = window.React;
    const { id, points = [], label, className } = props;
    const spoken = label ? { role: "img", "aria-label": label } : { "aria-hidden": true };
    const names = ["spark", className].filter(Boolean).join(" ");
    const frame = { id, className: names, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, ...spoken };
    if (!points.some(isNumber)) return h("svg", { ...frame, "data-empty": true });
    const scale = scaleOf({ ...props, points });
    const last = points.length - 1;
    const dot = isNumber(points[last])
      ? h("circle", { className: "spark-dot", cx: scale.x(last), cy: scale.y(points[last]), r: 2.6 })
      : null;
    const line = h("path", { className: "spark-line", d: pathOf(points, scale) });
    return h("svg", frame, bandOf(props, scale), line, dot);
  };
})((window.yiwang = window.yiwang || {}));
