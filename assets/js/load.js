/** Large libraries are fetched from our own server by the first component that needs them. */
(function (yiwang) {
  "use strict";

  const scripts = new Map();

  /** Load a script once; gives a promise. A failed load may be tried again. */
  yiwang.loadScript = function (address) {
    if (!scripts.has(address)) {
      const loading = new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = resolve;
        script.onerror = () => {
          scripts.delete(address);
          script.remove();
          reject(new Error(`Could not load ${address}`));
        };
        document.head.append(script);
      });
      scripts.set(address, loading);
    }
    return scripts.get(address);
  };

  /** Load a style sheet once. */
  yiwang.loadStyle = function (address) {
    if (document.querySelector(`link[href="${CSS.escape(address)}"]`)) return;
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = address;
    document.head.append(link);
  };

  /** Try `work` until it succeeds or `isOver()`; a server that restarts must not leave a hole. */
  yiwang.untilDone = async function (work, isOver) {
    for (let pause = 1000; !isOver(); pause = Math.min(pause * 2, 10000)) {
      try {
        return await work();
      } catch (error) {
        console.warn(error);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    return null;
  };

  /** Value of a token of assets/tokens.css. */
  yiwang.token = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
})((window.yiwang = window.yiwang || {}));
