/**
 * One MapLibre map in one element, from creation to removal. New data colours children by feature
 * state and replaces points; it never moves the camera. The area is fitted into the window until
 * the viewer has moved the map; from then on the view is the viewer's.
 */
(function (yiwang) {
  "use strict";

  const ORDER = { P1: 1, P2: 2, P3: 3, P4: 4 };
  const MARKS = ["dots", "markers", "callouts-P1", "callouts-P2"];
  const REACH_PX = 6;
  const ROOMY_EMS = 1.8;
  const CALLOUT_LETTERS = 18;
  const UI = {
    zh: {
      "NavigationControl.ZoomIn": "放大",
      "NavigationControl.ZoomOut": "缩小",
      "CooperativeGesturesHandler.WindowsHelpText": "按住 Ctrl 并滚动可缩放地图",
      "CooperativeGesturesHandler.MacHelpText": "按住 ⌘ 并滚动可缩放地图",
      "CooperativeGesturesHandler.MobileHelpText": "用双指移动地图",
    },
    en: {},
  };

  async function library() {
    const base = yiwang.link.prefix() + "assets/lazy/";
    yiwang.loadStyle(base + "maplibre-gl.min.css");
    if (!window.maplibregl) await yiwang.loadScript(base + "maplibre-gl.min.js");
    window.maplibregl.setWorkerUrl(base + "maplibre-gl-worker.min.js");
    return window.maplibregl;
  }

  async function shapes(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
    return answer.json();
  }

  /** Chinese faces come in a hundred files by range: fetch those that the words need. */
  function fontsFor(words) {
    const faces = ['400 24px "Noto Sans SC Variable"', '500 24px "Barlow Semi Condensed"'];
    faces.push('600 24px "Barlow Semi Condensed"');
    return Promise.all(faces.map((face) => document.fonts.load(face, words)));
  }

  const remPx = (name) => parseFloat(yiwang.token(name)) * 16 * yiwang.scale();

  class MapDrawing {
    /** @param tell called with {tip} under the pointer, {moved} and {failed} */
    constructor(box, props, tell, view) {
      this.box = box;
      this.props = props;
      this.tell = tell;
      this.view = view;
      this.moved = Boolean(view);
      this.removed = false;
      this.map = null;
      this.hovered = null;
      this.start();
    }

    async start() {
      const over = () => this.removed;
      const gl = await yiwang.untilDone(library, over);
      this.area = await yiwang.untilDone(() => shapes(this.props.geo), over);
      if (!this.area || this.removed) return;
      this.seats = yiwang.seatsOf(this.area);
      this.bounds = this.area.features.length ? yiwang.boundsOf(this.area) : null;
      await fontsFor(this.words());
      if (this.removed) return;
      if (!document.createElement("canvas").getContext("webgl2")) {
        this.tell({ failed: true });
        return;
      }
      this.create(gl);
    }

    create(gl) {
      const { lang, center, zoom } = this.props;
      const map = new gl.Map({
        container: this.box,
        style: this.style(),
        center: center || [0, 0],
        zoom: zoom ?? 8,
        ...(this.view || {}),
        attributionControl: false,
        trackResize: false,
        dragRotate: false,
        pitchWithRotate: false,
        touchPitch: false,
        maxPitch: 0,
        // A page that scrolls keeps its wheel; the wall does not scroll.
        cooperativeGestures: document.documentElement.dataset.screen !== "wall",
        locale: UI[lang] || UI.zh,
        fadeDuration: 0,
      });
      this.map = this.box.cityMap = map;
      if (!this.moved) this.fit();
      map.touchZoomRotate.disableRotation();
      map.addControl(new gl.NavigationControl({ showCompass: false }), "top-left");
      map.getCanvas().setAttribute("aria-label", this.props.label || "");
      map.once("style.load", () => yiwang.addMapImages(map, yiwang.scale()));
      map.once("load", () => {
        this.ready = true;
        this.show();
        this.listen();
      });
    }

    style() {
      return yiwang.mapStyle({
        area: this.area,
        classes: this.props.breaks.length + 1,
        scale: yiwang.scale(),
        size: remPx("size-read"),
      });
    }

    words() {
      const { labels = {}, points = [] } = this.props;
      const names = this.seats.flatMap((seat) => [seat.name, seat.name_en, labels[seat.code]]);
      return [...new Set(names.concat(points.map((point) => point.title)).join("") + "…0123456789.,-%⚠—")]
        .join("");
    }

    /** Take newer properties. The camera stays where it is. */
    update(props) {
      const before = this.props;
      this.props = props;
      if (!this.ready) return;
      if (props.breaks.length !== before.breaks.length) this.recolour();
      fontsFor(this.words()).then(() => !this.removed && this.show());
    }

    recolour() {
      const fill = this.style().layers.find(({ id }) => id === "fill");
      this.map.setPaintProperty("fill", "fill-color", fill.paint["fill-color"]);
    }

    /** Give the colour class of a value, -1 when there is none. */
    stepOf(value) {
      if (typeof value !== "number") return -1;
      const step = this.props.breaks.findIndex((limit) => value <= limit);
      return step < 0 ? this.props.breaks.length : step;
    }

    show() {
      const { values, warnings = {}, selected } = this.props;
      const choose = this.seats.some(({ code }) => code === selected);
      for (const { code } of this.seats) {
        const mine = code === selected;
        this.map.setFeatureState(
          { source: "area", id: code },
          {
            step: this.stepOf(values[code]),
            warning: warnings[code] || "",
            selected: mine,
            dim: choose && !mine,
          },
        );
      }
      this.map.getSource("names").setData(this.names());
      this.map.getSource("points").setData(this.points());
      this.box.dataset.drawn = "true";
    }

    /** Give [name, value] of a child, as its label on the map says it. */
    labelOf(seat) {
      const { labels = {}, values, lang, legend = {} } = this.props;
      const value = values[seat.code];
      const own = lang === "en" ? seat.name_en || seat.name : seat.name;
      // A map that colours nothing has no missing values either.
      const missing = Object.keys(values).length ? "—" : "";
      const number = typeof value === "number" ? value.toFixed(legend.decimals ?? 0) : missing;
      const [name, said] = (labels[seat.code] || "").split("\n");
      return [name || own, said || number];
    }

    names() {
      const pxPerDegree = (512 * 2 ** this.map.getZoom()) / 360;
      const features = this.seats.map((seat) => {
        const [name, value] = this.labelOf(seat);
        const warned = this.props.warnings?.[seat.code];
        const roomy = seat.depth * pxPerDegree > ROOMY_EMS * remPx("size-read");
        const properties = { name: warned ? `⚠${name}` : name, value, roomy, order: -seat.depth };
        return { type: "Feature", properties, geometry: { type: "Point", coordinates: seat.at } };
      });
      return { type: "FeatureCollection", features };
    }

    points() {
      const features = (this.props.points || []).map((point) => {
        const letters = [...(point.title || "")];
        const cut = letters.length > CALLOUT_LETTERS;
        const properties = {
          title: point.title || "",
          short: letters.slice(0, CALLOUT_LETTERS).join("") + (cut ? "…" : ""),
          priority: point.priority || "",
          order: ORDER[point.priority] || 5,
          state: point.state || "live",
          href: point.href || "",
        };
        const geometry = { type: "Point", coordinates: [point.lng, point.lat] };
        return { type: "Feature", properties, geometry };
      });
      return { type: "FeatureCollection", features };
    }

    listen() {
      const { map } = this;
      map.on("movestart", (event) => {
        if (!event.originalEvent || this.moved) return;
        this.moved = true;
        this.tell({ moved: true });
      });
      map.on("mousemove", (event) => this.point(event));
      map.on("mouseout", () => this.hover(null, null));
      map.on("click", (event) => this.follow(event));
      this.observer = new ResizeObserver(() => this.resize());
      this.observer.observe(this.box);
      window.addEventListener("blur", (this.blur = () => this.hover(null, null)));
    }

    /** What lies under the pointer: a point first, else a child. */
    under({ point }) {
      const near = [
        [point.x - REACH_PX, point.y - REACH_PX],
        [point.x + REACH_PX, point.y + REACH_PX],
      ];
      const hits = this.map.queryRenderedFeatures(near, { layers: MARKS });
      hits.sort((a, b) => a.properties.order - b.properties.order);
      if (hits.length) return { mark: hits[0].properties };
      const [child] = this.map.queryRenderedFeatures(point, { layers: ["fill"] });
      return child ? { child: this.seats.find(({ code }) => code === child.properties.code) } : {};
    }

    hrefOf({ mark, child }) {
      if (mark) return mark.href;
      const { hrefTemplate, selected } = this.props;
      if (!child || !hrefTemplate || child.code === selected) return "";
      return hrefTemplate.replace("{code}", encodeURIComponent(child.code));
    }

    point(event) {
      const found = this.under(event);
      this.map.getCanvas().style.cursor = this.hrefOf(found) ? "pointer" : "";
      const { unit } = this.props.legend || {};
      let text = null;
      if (found.mark) text = [found.mark.priority, found.mark.title].filter(Boolean).join(" ");
      else if (found.child) {
        const warning = yiwang.warningWords(this.props.warnings?.[found.child.code], this.props.lang);
        text = [...this.labelOf(found.child), unit, warning].filter(Boolean).join(" ");
      }
      this.hover(found.child?.code ?? null, text && { text, x: event.point.x, y: event.point.y });
    }

    hover(code, tip) {
      if (code !== this.hovered) {
        for (const [id, hover] of [[this.hovered, false], [code, true]]) {
          if (id !== null) this.map.setFeatureState({ source: "area", id }, { hover });
        }
        this.hovered = code;
      }
      this.tell({ tip });
    }

    follow(event) {
      const href = this.hrefOf(this.under(event));
      if (href) yiwang.go(href);
    }

    resize() {
      this.map.resize();
      if (!this.moved) this.fit();
    }

    fit() {
      if (!this.bounds) return;
      const view = { width: this.box.clientWidth, height: this.box.clientHeight };
      const cameras = this.paddings(view)
        .map((padding) => this.map.cameraForBounds(this.bounds, { padding }))
        .filter(Boolean);
      const legend = this.legend();
      const free = cameras.find(
        (camera, at) =>
          at === cameras.length - 1 || !legend || !yiwang.reachesInto(this.area, camera, view, legend),
      );
      if (free) this.map.jumpTo(free);
    }

    /** Where the legend stands on the map, or null when it stands beside it. */
    legend() {
      const box = this.box.getBoundingClientRect();
      const own = this.box.parentElement.querySelector(".map-legend").getBoundingClientRect();
      const apart = own.top >= box.bottom || own.left >= box.right || !own.width;
      const rect = { left: own.left - box.left, top: own.top - box.top };
      return apart ? null : { ...rect, right: rect.left + own.width, bottom: rect.top + own.height };
    }

    /** Ways to lay the area into the window, the largest first; the last leaves the legend free. */
    paddings({ width, height }) {
      const edge = 18 * yiwang.scale();
      const even = { top: edge, right: edge, bottom: edge, left: edge };
      const legend = this.legend();
      if (!legend) return [even];
      const sideX = legend.left + legend.right > width ? "right" : "left";
      const sideY = legend.top + legend.bottom > height ? "bottom" : "top";
      const takenX = (sideX === "right" ? width - legend.left : legend.right) + edge;
      const takenY = (sideY === "bottom" ? height - legend.top : legend.bottom) + edge;
      const shares = [0.25, 0.5, 0.75, 1];
      const aside = shares.map((share) => ({ ...even, [sideX]: Math.max(edge, takenX * share) }));
      const below = shares.map((share) => ({ ...even, [sideY]: Math.max(edge, takenY * share) }));
      const zoomOf = (padding) => this.map.cameraForBounds(this.bounds, { padding })?.zoom ?? -1;
      const ways = [even, ...aside, ...below].filter((padding) => zoomOf(padding) >= 0);
      ways.sort((a, b) => zoomOf(b) - zoomOf(a));
      const clear = [aside[3], below[3]].sort((a, b) => zoomOf(b) - zoomOf(a))[0];
      return [...ways, clear];
    }

    /** The viewer asks for the whole area again. */
    reset() {
      this.moved = false;
      this.fit();
      this.tell({ moved: false });
    }

    /** Give back the WebGL context; answers with the camera if the viewer had moved it. */
    remove() {
      this.removed = true;
      if (this.blur) window.removeEventListener("blur", this.blur);
      this.observer?.disconnect();
      if (!this.map) return this.view;
      const view = { center: this.map.getCenter(), zoom: this.map.getZoom() };
      this.map.remove();
      delete this.box.dataset.drawn;
      return this.moved ? view : null;
    }
  }

  const WARNING = {
    zh: { red: "红色预警", orange: "橙色预警", yellow: "黄色预警", blue: "蓝色预警" },
    en: { red: "Red warning", orange: "Orange warning", yellow: "Yellow warning", blue: "Blue warning" },
  };

  /** Legal name of the level of an official warning; "" when there is none. */
  yiwang.warningWords = (level, lang) => (WARNING[lang] || WARNING.zh)[level] || "";
  yiwang.MapDrawing = MapDrawing;
})((window.yiwang = window.yiwang || {}));
