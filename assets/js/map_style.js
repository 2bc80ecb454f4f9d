/**
 * The style of the map, inline: no tiles, no glyph server, no sprite. Text is drawn from our own
 * web fonts, markers from small canvases. Sizes are px of a 1080-line screen times `scale`.
 */
(function (yiwang) {
  "use strict";

  const TEXT_FONT = ["Noto Sans SC Variable"];
  const NUMBER_FONT = ["Barlow Semi Condensed", "Noto Sans SC Variable"];
  const SIDES = { center: [0, 0], bottom: [0, -1], top: [0, 1], left: [1, 0], right: [-1, 0] };
  const CORNERS = { "top-left": [1, 1], "top-right": [-1, 1], "bottom-left": [1, -1] };
  const AROUND = { ...SIDES, ...CORNERS, "bottom-right": [-1, -1] };
  const RAMP = ["ramp-1", "ramp-2", "ramp-3", "ramp-4", "ramp-5"];
  const LEGAL = ["red", "orange", "yellow", "blue"];
  const NONE = { type: "FeatureCollection", features: [] };

  const state = (name, otherwise) => ["coalesce", ["feature-state", name], otherwise];

  /** Give the ramp token of class `step` of `classes`, spread over the whole ramp. */
  yiwang.rampToken = function (step, classes) {
    if (classes <= 1) return RAMP[2];
    return RAMP[Math.round((step * (RAMP.length - 1)) / (classes - 1))];
  };

  function fills(classes, token) {
    const steps = Array.from({ length: classes }, (_, step) => [
      step,
      token(yiwang.rampToken(step, classes)),
    ]).flat();
    const colour = ["match", state("step", -1), ...steps, token("ramp-none")];
    const dim = ["case", state("dim", false), 0.35, 1];
    const bare = ["case", ["==", state("step", -1), -1], dim, 0];
    return [
      { id: "fill", type: "fill", source: "area", paint: { "fill-color": colour, "fill-opacity": dim } },
      {
        id: "hatch",
        type: "fill",
        source: "area",
        paint: { "fill-pattern": "hatch", "fill-opacity": bare },
      },
    ];
  }

  function line(id, colour, width, more = {}) {
    return {
      id,
      type: "line",
      source: "area",
      layout: { "line-join": "round" },
      paint: { "line-color": colour, "line-width": width, ...more },
    };
  }

  function lines(scale, token) {
    const legal = LEGAL.flatMap((level) => [level, token("legal-" + level)]);
    const shown = (name) => ["case", state(name, false), 1, 0];
    return {
      // Wide and below the fills: only its outer half is seen, and only around the whole.
      outline: line("outline", token("map-outline"), 3.2 * scale),
      edges: line("edges", token("map-edge"), 1.1 * scale),
      warning: line("warning", ["match", state("warning", ""), ...legal, token("map-edge")], 2.5 * scale, {
        "line-opacity": ["case", ["==", state("warning", ""), ""], 0, 1],
        "line-offset": 2 * scale,
        "line-dasharray": [2.5, 1.2],
      }),
      hover: line("hover", token("map-hover"), 2 * scale, { "line-opacity": shown("hover") }),
      selected: line("selected", token("map-hover"), 3 * scale, { "line-opacity": shown("selected") }),
    };
  }

  /** Places for a name, the best first: at its seat; if there is room inside, further off too. */
  function places(distances) {
    return distances.flatMap((far) =>
      Object.entries(AROUND).flatMap(([anchor, [x, y]]) => [anchor, [x * far, y * far]]),
    );
  }

  function label(id, source, more, paint) {
    const layout = { "text-font": TEXT_FONT, "symbol-sort-key": ["get", "order"], ...more };
    return { id, type: "symbol", source, layout, paint };
  }

  function halo(width, token) {
    return {
      "text-color": token("map-label"),
      "text-halo-color": token("map-halo"),
      "text-halo-width": width,
    };
  }

  /** Name and value of each child; where both find no room, the name alone, smaller. */
  function names(scale, size, token) {
    const text = [
      ...["format", ["get", "name"], { "text-font": ["literal", TEXT_FONT] }],
      ...["\n", {}, ["get", "value"]],
      { "text-font": ["literal", NUMBER_FONT], "font-scale": 1.12 },
    ];
    const full = {
      "text-field": text,
      "text-size": size,
      "text-line-height": 1.15,
      "text-max-width": 12,
      "text-padding": 1,
      "text-variable-anchor-offset": [
        ...["case", ["get", "roomy"], ["literal", places([0.15, 0.9, 1.6])]],
        ["literal", places([0.15])],
      ],
    };
    const short = { "text-field": ["get", "name"], "text-size": size * 0.8, "text-padding": 3 };
    const paint = halo(1.6 * scale, token);
    return {
      full: label("names", "names", full, paint),
      short: label("names-short", "names", short, paint),
    };
  }

  function dots(scale, token) {
    const silent = ["in", ["get", "state"], ["literal", ["stale", "silent"]]];
    return {
      id: "dots",
      type: "circle",
      source: "points",
      filter: ["==", ["get", "priority"], ""],
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 3.4 * scale, 13, 5.5 * scale],
        "circle-color": ["case", silent, token("map-ring"), token("map-point")],
        "circle-stroke-color": ["case", silent, token("map-point"), token("map-ring")],
        "circle-stroke-width": 1.2 * scale,
      },
    };
  }

  function markers() {
    return {
      id: "markers",
      type: "symbol",
      source: "points",
      filter: ["!=", ["get", "priority"], ""],
      layout: {
        "icon-image": ["concat", "marker-", ["get", "priority"]],
        "icon-allow-overlap": true,
        "symbol-sort-key": ["-", 9, ["get", "order"]],
      },
    };
  }

  /** Words beside the markers of one priority, as long as there is room. */
  function callouts(priority, scale, size, token) {
    const text = {
      "text-field": ["get", "short"],
      "text-size": size * 0.9,
      "text-variable-anchor": ["left", "right", "top", "bottom"],
      "text-radial-offset": 1.05,
      "text-max-width": 30,
    };
    const layer = label("callouts-" + priority, "points", text, halo(2 * scale, token));
    return { ...layer, filter: ["==", ["get", "priority"], priority] };
  }

  /** Give the whole style. `classes` = number of colour classes; `size` = px of a name. */
  yiwang.mapStyle = function ({ area, classes, scale, size }) {
    const { token } = yiwang;
    const drawn = lines(scale, token);
    const said = names(scale, size, token);
    return {
      version: 8,
      sources: {
        area: { type: "geojson", data: area, promoteId: "code" },
        names: { type: "geojson", data: NONE },
        points: { type: "geojson", data: NONE },
      },
      layers: [
        { id: "ground", type: "background", paint: { "background-color": "rgba(0,0,0,0)" } },
        drawn.outline,
        ...fills(classes, token),
        drawn.edges,
        drawn.warning,
        drawn.selected,
        drawn.hover,
        dots(scale, token),
        // The last layer finds room first: words of P1, then names, then words of P2.
        said.short,
        callouts("P2", scale, size, token),
        said.full,
        markers(),
        callouts("P1", scale, size, token),
      ],
    };
  };

  function canvas(side, ratio) {
    const made = document.createElement("canvas");
    made.width = made.height = Math.round(side * ratio);
    const pen = made.getContext("2d");
    pen.scale(ratio, ratio);
    return pen;
  }

  const pixels = (pen) => pen.getImageData(0, 0, pen.canvas.width, pen.canvas.height);

  function disc(pen, middle, radius, colour, opacity = 1) {
    pen.globalAlpha = opacity;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(middle, middle, radius, 0, 2 * Math.PI);
    pen.fill();
    pen.globalAlpha = 1;
  }

  /** A numbered disc with a dark ring; the numeral says the priority, colour repeats it. */
  function marker(level, side, ratio) {
    const halo = level === 1 ? side * 0.4 : 0;
    const pen = canvas(side + halo, ratio);
    const middle = (side + halo) / 2;
    const colour = yiwang.token("p" + level);
    if (halo) disc(pen, middle, middle, colour, 0.35);
    disc(pen, middle, side / 2, yiwang.token("map-ring"));
    disc(pen, middle, side * 0.41, colour);
    pen.fillStyle = yiwang.token("glyph");
    pen.font = `600 ${side * 0.62}px "Barlow Semi Condensed", sans-serif`;
    pen.textAlign = "center";
    pen.fillText(String(level), middle, middle + side * 0.22);
    return pixels(pen);
  }

  /** Slanting lines for 无数据: seen as missing, not as few. */
  function hatch(ratio) {
    const side = 8;
    const pen = canvas(side, ratio);
    pen.strokeStyle = yiwang.token("ramp-none-hatch");
    pen.lineWidth = 1;
    for (const shift of [-side, 0, side]) {
      pen.beginPath();
      pen.moveTo(shift, side);
      pen.lineTo(shift + side, 0);
      pen.stroke();
    }
    return pixels(pen);
  }

  /** Put the drawn images into the map, larger markers for higher priorities. */
  yiwang.addMapImages = function (map, scale) {
    const ratio = Math.max(1, window.devicePixelRatio);
    const sides = { 1: 30, 2: 25, 3: 21, 4: 17 };
    for (const [level, side] of Object.entries(sides)) {
      map.addImage("marker-P" + level, marker(Number(level), side * scale, ratio), { pixelRatio: ratio });
    }
    map.addImage("hatch", hatch(ratio), { pixelRatio: ratio });
  };
})((window.yiwang = window.yiwang || {}));
