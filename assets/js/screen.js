/**
 * What the whole page follows: theme and language of the address, the size of letters on a wall,
 * and the habits of a screen that is never switched off.
 *
 * On a wall, text is scaled by height only: the same picture at 1080p and 4K, and more columns,
 * never larger letters, on an ultra-wide one. Elsewhere a rem is what the reader's browser says.
 */
(function (yiwang) {
  "use strict";

  const root = document.documentElement;
  const given = { theme: root.dataset.theme || "dark", lang: root.lang || "zh-CN" };
  const SHIFT_EVERY_MS = 600000;
  const loadedAt = Date.now();
  // Walls of one site load again spread over the hour from three, not all in one moment.
  const nightlyMinute = Math.floor(Math.random() * 60);
  let shift = 0;

  function follow() {
    const query = new URLSearchParams(window.location.search);
    const theme = query.get("theme");
    const lang = query.get("lang");
    root.dataset.theme = theme === "light" || theme === "dark" ? theme : given.theme;
    root.lang = lang === "en" ? "en" : lang === "zh" ? "zh-CN" : given.lang;
    const path = window.location.pathname.slice(yiwang.link.prefix().length);
    root.dataset.screen = path.split("/")[0] || "wall";
    scale();
  }

  function scale() {
    const ratio = window.innerWidth / window.innerHeight;
    const wall = root.dataset.screen === "wall" && window.innerWidth >= 1000;
    root.dataset.ar = ratio >= 3 ? "ultra" : ratio >= 2.2 ? "wide" : "std";
    root.style.fontSize = wall ? `${(window.innerHeight / 1080) * 16}px` : "";
  }

  /** Factor for what is drawn in px (maps, charts): 1 where 1rem = 16px. */
  yiwang.scale = () => parseFloat(getComputedStyle(root).fontSize) / 16;

  /** Against burn-in: the wall's picture moves by one or two pixels every ten minutes. */
  function moveABit() {
    shift = (shift + 1) % 4;
    const wall = root.dataset.screen === "wall";
    const [x, y] = [[0, 0], [1, 0], [1, 1], [0, 1]][shift];
    root.style.setProperty("--shift-x", wall ? `${x}px` : "0px");
    root.style.setProperty("--shift-y", wall ? `${y}px` : "0px");
  }

  /** Once a night a wall starts afresh: browsers left on for weeks grow. */
  function reloadAtNight() {
    const now = new Date();
    const due = now.getHours() === 3 && now.getMinutes() === nightlyMinute;
    const settled = Date.now() - loadedAt > 7200000 && yiwang.link.quietFor() > 60000;
    if (root.dataset.screen === "wall" && due && settled && yiwang.link.state().state === "live") {
      window.location.reload();
    }
  }

  follow();
  window.addEventListener("resize", scale);
  window.addEventListener("popstate", follow);
  window.addEventListener("_dashprivate_pushstate", follow);
  setInterval(moveABit, SHIFT_EVERY_MS);
  setInterval(reloadAtNight, 30000);
})((window.yiwang = window.yiwang || {}));
