/**
 * The page's end of the stream: who wants which panel, what time the server has, and whether the
 * connection lives. Other files use it as `yiwang.link`.
 */
(function (yiwang) {
  "use strict";

  const SILENT_AFTER_MS = 10000;
  const SETTLING_MS = 3000;
  const HEARTBEAT_MS = 15000;
  const QUIET_MS = 30000;
  const OFFSETS_KEPT = 12;

  const watchers = new Set();
  const offsets = [];
  let watchedSince = Date.now();
  let idleSince = 0;
  let offset = 0;
  let heardAt = null;
  let storeLostAt = null;
  let build = null;
  let touchedAt = Date.now();
  let send = null;
  let queued = false;

  /** Path prefix under which the application is served, "/" as a rule. */
  function prefix() {
    const config = document.getElementById("_dash-config");
    return (config && JSON.parse(config.textContent).requests_pathname_prefix) || "/";
  }

  /** The message that came over the quickest way tells best how far the clocks are apart. */
  function learnTime(at) {
    if (typeof at !== "number") return;
    offsets.push(at - Date.now());
    if (offsets.length > OFFSETS_KEPT) offsets.shift();
    offset = Math.max(...offsets);
  }

  function receive(kind, data) {
    heardAt = Date.now();
    learnTime(data.at);
    if (kind === "panels") {
      for (const watcher of [...watchers]) {
        if (watcher.page === data.page && watcher.panel in data.panels) {
          watcher.show(data.panels[watcher.panel]);
        }
      }
    } else if (kind === "ping") {
      storeLostAt = data.link === false ? (storeLostAt ?? Date.now()) : null;
    } else if (kind === "hello") {
      build = build ?? data.build;
      if (data.build !== build) reloadWhenQuiet();
    }
  }

  /** A new version was put in place: reload, but not under the hands of somebody. */
  function reloadWhenQuiet() {
    if (document.hidden || Date.now() - touchedAt > QUIET_MS) window.location.reload();
    else setTimeout(reloadWhenQuiet, 1000);
  }

  function openWorker() {
    const query = "?v=" + window.yiwangStream.VERSION + "&stream=" + encodeURIComponent(prefix() + "live/stream");
    const worker = new SharedWorker(prefix() + "assets/lazy/live-worker.js" + query);
    worker.port.onmessage = ({ data }) => receive(data.kind, data.data);
    worker.port.start();
    send = (pages) => worker.port.postMessage({ pages });
    window.addEventListener("pagehide", () => worker.port.postMessage({ bye: true }));
    window.addEventListener("pageshow", () => send(pages()));
    setInterval(() => send(pages()), HEARTBEAT_MS);
  }

  function openHere() {
    const stream = new window.yiwangStream.Stream(prefix() + "live/stream", receive);
    send = (pages) => stream.watch(pages);
  }

  function pages() {
    return [...new Set([...watchers].map((watcher) => watcher.page))];
  }

  /** Tell the stream once per turn, however many panels come and go in it. */
  function tellPages() {
    if (queued) return;
    queued = true;
    setTimeout(() => {
      queued = false;
      if (!send) (window.SharedWorker ? openWorker : openHere)();
      send(pages());
    }, 0);
  }

  for (const name of ["pointerdown", "keydown", "wheel"]) {
    window.addEventListener(name, () => (touchedAt = Date.now()), { passive: true });
  }

  yiwang.link = {
    prefix,

    /** Call `show(tree)` for every newer tree of a panel of a page; gives the way to stop it. */
    watch(page, panel, show) {
      const watcher = { page, panel, show };
      if (!watchers.size && Date.now() - idleSince > SETTLING_MS) {
        watchedSince = Date.now();
        heardAt = null;
      }
      watchers.add(watcher);
      tellPages();
      return () => {
        watchers.delete(watcher);
        if (!watchers.size) idleSince = Date.now();
        tellPages();
      };
    },

    /** Server time now, ms. */
    now: () => Date.now() + offset,

    /** Milliseconds since somebody last touched mouse or keyboard. */
    quietFor: () => Date.now() - touchedAt,

    /** {state: idle|connecting|live|cut|store, seconds}: store = the server lost its state. */
    state() {
      const since = heardAt ?? watchedSince;
      const seconds = Math.floor((Date.now() - since) / 1000);
      if (!watchers.size) {
        const settling = Date.now() - Math.max(watchedSince, idleSince) < SETTLING_MS;
        return { state: settling ? "connecting" : "idle", seconds: 0 };
      }
      if (Date.now() - since > SILENT_AFTER_MS) return { state: "cut", seconds };
      if (storeLostAt !== null) {
        return { state: "store", seconds: Math.floor((Date.now() - storeLostAt) / 1000) };
      }
      return { state: heardAt === null ? "connecting" : "live", seconds: 0 };
    },
  };
})((window.yiwang = window.yiwang || {}));
