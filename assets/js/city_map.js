/** CityMap: the map with its legend, its tip and the way back to the whole area. */
(function (yiwang) {
  "use strict";

  const WORDS = {
    zh: {
      none: "无数据",
      reset: "复位",
      failed: "此浏览器不支持 WebGL，无法绘制地图；数值见本页表格",
      sensor: "传感器",
      case: "工单",
      incident: "事件",
      level: (priority, count) => `${priority} 级 ${count}`,
      silent: "离线或过期",
    },
    en: {
      none: "No data",
      reset: "Reset view",
      failed: "This browser has no WebGL, the map can't be drawn; see the table for the values",
      sensor: "Sensors",
      case: "Cases",
      incident: "Incidents",
      level: (priority, count) => `${priority} · ${count}`,
      silent: "silent or out of date",
    },
  };

  function numberText(value, decimals, lang) {
    const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    return new Intl.NumberFormat(lang === "en" ? "en-US" : "zh-CN", options).format(value);
  }

  /** Colour steps with their limits below the seams. */
  function ramp({ values, breaks, legend, lang }) {
    const { createElement: h } = window.React;
    const known = Object.values(values).filter((value) => typeof value === "number");
    if (!known.length) return null;
    const classes = breaks.length + 1;
    const limits = [Math.min(...known), ...breaks, Math.max(...known)];
    const steps = Array.from({ length: classes }, (_, step) =>
      h("i", { key: step, style: { background: `var(--${yiwang.rampToken(step, classes)})` } }),
    );
    const texts = limits.map((limit) => numberText(limit, legend.decimals ?? 0, lang));
    return [
      h("div", { key: "steps", className: "ramp", "aria-hidden": true }, steps),
      h(
        "div",
        { key: "limits", className: "ramp-limits" },
        // Equal limits (many equal values) are written once.
        texts.map((text, at) => h("span", { key: at }, at && texts[at - 1] === text ? "" : text)),
      ),
    ];
  }

  function entry(key, mark, text) {
    const { createElement: h } = window.React;
    const numeral = /^P\d$/.test(key) ? key[1] : null;
    return h(
      "li",
      { key },
      h("i", { className: "map-mark " + mark, "aria-hidden": true }, numeral),
      text,
    );
  }

  function entries({ values, points = [], warnings = {}, legend, lang }) {
    const words = WORDS[lang] || WORDS.zh;
    const found = [];
    if (Object.values(values).some((value) => typeof value !== "number")) {
      found.push(entry("none", "mark-hatch", legend.nodata || words.none));
    }
    for (const level of ["red", "orange", "yellow", "blue"]) {
      const count = Object.values(warnings).filter((each) => each === level).length;
      const text = `⚠ ${yiwang.warningWords(level, lang)} ${count}`;
      if (count) found.push(entry(level, "mark-warning mark-" + level, text));
    }
    for (const level of [1, 2, 3, 4]) {
      const count = points.filter(({ priority }) => priority === "P" + level).length;
      if (count) found.push(entry("P" + level, "mark-p" + level, words.level("P" + level, count)));
    }
    const quiet = points.filter(({ priority }) => !priority);
    const kinds = [...new Set(quiet.map(({ kind }) => kind))].map((kind) => words[kind] || kind);
    const isSilent = ({ state }) => state === "stale" || state === "silent";
    if (quiet.some((point) => !isSilent(point))) {
      found.push(entry("quiet", "mark-dot", kinds.join(lang === "en" ? ", " : "、")));
    }
    if (quiet.some(isSilent)) found.push(entry("silent", "mark-ring", words.silent));
    return found;
  }

  function legendBox(props) {
    const { createElement: h } = window.React;
    const legend = props.legend || {};
    const filled = { ...props, legend };
    const title = legend.title || legend.unit;
    return h(
      "div",
      { className: `map-legend at-${props.legendCorner || "br"}` },
      title ? h("div", { className: "map-legend-title" }, title) : null,
      ramp(filled),
      h("ul", null, entries(filled)),
    );
  }

  function tipBox(tip, box) {
    const right = box && tip.x > box.clientWidth / 2;
    const side = right ? { right: box.clientWidth - tip.x + 14 } : { left: tip.x + 14 };
    const style = { top: tip.y + 14, ...side };
    return window.React.createElement("div", { className: "map-tip", style, "aria-hidden": true }, tip.text);
  }

  yiwang.CityMap = function CityMap(props) {
    const { createElement: h, useEffect, useReducer, useRef } = window.React;
    const box = useRef(null);
    const drawing = useRef(null);
    const left = useRef({});
    const merge = (before, change) => ({ ...before, ...change });
    const [told, tell] = useReducer(merge, { tip: null, moved: false, failed: false });
    const words = WORDS[props.lang] || WORDS.zh;
    useEffect(() => {
      const view = left.current.geo === props.geo ? left.current.view : null;
      const mine = new yiwang.MapDrawing(box.current, props, tell, view);
      drawing.current = mine;
      tell({ tip: null, moved: Boolean(view), failed: false });
      return () => (left.current = { geo: props.geo, view: mine.remove() });
    }, [props.geo, props.theme, props.lang]);
    useEffect(() => {
      if (drawing.current.props !== props) drawing.current.update(props);
    }, [props]);
    return h(
      "div",
      { id: props.id, className: ["city-map", props.className].filter(Boolean).join(" ") },
      h("div", { className: "map-canvas", ref: box }),
      told.failed ? h("p", { className: "map-failed", role: "alert" }, words.failed) : null,
      told.moved
        ? h("button", { type: "button", className: "map-reset", onClick: () => drawing.current.reset() }, words.reset)
        : null,
      legendBox(props),
      told.tip ? tipBox(told.tip, box.current) : null,
    );
  };
})((window.yiwang = window.yiwang || {}));
