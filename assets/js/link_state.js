/**
 * LinkState: is what is on screen alive? A dot and a word in the header; a banner across the page
 * when nothing has come for ten seconds or when the server has lost its state. A frozen screen
 * that looks alive is the worst failure of all.
 */
(function (yiwang) {
  "use strict";

  const WORDS = {
    zh: {
      idle: "静态页",
      connecting: "连接中",
      live: "实时",
      cut: "已中断",
      store: "数据源中断",
      banner: (seconds) => `数据已中断 ${seconds} 秒`,
      why: { cut: "屏上为中断前的数据，正在重连", store: "服务器连不上状态库，屏上为中断前的数据" },
    },
    en: {
      idle: "static page",
      connecting: "connecting",
      live: "Live",
      cut: "interrupted",
      store: "store lost",
      banner: (seconds) => `Data interrupted for ${seconds} s`,
      why: {
        cut: "shown: data from before the break; reconnecting",
        store: "the server cannot reach its store; shown: data from before the break",
      },
    },
  };

  function banner(words, state, seconds) {
    const { createElement: h } = window.React;
    return h(
      "div",
      { className: "link-banner", role: "alert" },
      // Ears are told once; the running seconds are for eyes.
      h("span", { className: "visually-hidden" }, words[state]),
      h("strong", { "aria-hidden": true }, words.banner(seconds)),
      h("span", null, words.why[state]),
    );
  }

  yiwang.LinkState = function LinkState({ id, lang, className }) {
    const { createElement: h, Fragment, useEffect } = window.React;
    const words = WORDS[lang] || WORDS.zh;
    const told = yiwang.useEverySecond(() => {
      const { state, seconds } = yiwang.link.state();
      return `${state} ${seconds}`;
    });
    const [state, seconds] = told.split(" ");
    const broken = state === "cut" || state === "store";
    useEffect(() => {
      document.documentElement.dataset.link = broken ? "stale" : "live";
      return () => delete document.documentElement.dataset.link;
    }, [broken]);
    return h(
      Fragment,
      null,
      h(
        "span",
        { id, className: ["link-state", "is-" + state, className].filter(Boolean).join(" ") },
        h("i", { className: "link-dot", "aria-hidden": true }),
        words[state],
      ),
      broken ? banner(words, state, seconds) : null,
    );
  };
})((window.yiwang = window.yiwang || {}));
