/** One timer for everything on the page that changes by the second. */
(function (yiwang) {
  "use strict";

  const listeners = new Set();

  function beat() {
    for (const listener of [...listeners]) listener();
    // Just after the full second of the server's clock, so that the clock on screen never skips.
    setTimeout(beat, 1000 - (yiwang.link.now() % 1000) + 5);
  }
  setTimeout(beat, 1000);

  /** React hook: give `read()` and render again when its answer changes; asked every second. */
  yiwang.useEverySecond = function (read) {
    const { useEffect, useReducer, useRef } = window.React;
    const [, again] = useReducer((count) => count + 1, 0);
    const answer = read();
    const latest = useRef();
    latest.current = { read, answer };
    useEffect(() => {
      const listener = () => {
        if (latest.current.read() !== latest.current.answer) again();
      };
      listeners.add(listener);
      return () => listeners.delete(listener);
    }, []);
    return answer;
  };
})((window.yiwang = window.yiwang || {}));
