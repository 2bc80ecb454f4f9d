/** Age and Clock: times that go on by themselves, told in the server's time. */
(function (yiwang) {
  "use strict";

  /** Give "3 分钟前" / "3 min ago" for an age in seconds. */
  function ageText(seconds, lang) {
    const zh = lang !== "en";
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    const rest = minutes % 60;
    if (seconds < 1) return zh ? "刚刚" : "just now";
    if (minutes < 1) return zh ? `${seconds} 秒前` : `${seconds} s ago`;
    if (hours < 1) return zh ? `${minutes} 分钟前` : `${minutes} min ago`;
    if (hours >= 48) {
      const days = Math.floor(hours / 24);
      return zh ? `${days} 天前` : `${days} d ago`;
    }
    if (!rest) return zh ? `${hours} 小时前` : `${hours} h ago`;
    return zh ? `${hours} 小时 ${rest} 分前` : `${hours} h ${rest} min ago`;
  }

  /** at: epoch ms or null; older than stale_after_s → class is-stale, a ring and a word for ears. */
  yiwang.Age = function Age({ id, at, stale_after_s: limit, lang, className }) {
    const { createElement: h } = window.React;
    const known = typeof at === "number";
    const text = yiwang.useEverySecond(() => {
      if (!known) return "—";
      const seconds = Math.max(0, Math.floor((yiwang.link.now() - at) / 1000));
      return (limit && seconds > limit ? "!" : "") + ageText(seconds, lang);
    });
    const stale = text.startsWith("!");
    const names = ["age", stale && "is-stale", !known && "is-missing", className];
    const props = { id, className: names.filter(Boolean).join(" ") };
    if (known) props.dateTime = new Date(at).toISOString();
    const word = lang === "en" ? "out of date: " : "已过期：";
    return h(
      "time",
      props,
      stale ? h("span", { className: "visually-hidden" }, word) : null,
      stale ? text.slice(1) : text,
    );
  };

  function dateText(now, timeZone, lang) {
    const options = { timeZone, year: "numeric", day: "numeric" };
    if (lang === "en") {
      Object.assign(options, { month: "short", weekday: "short" });
      return new Intl.DateTimeFormat("en-GB", options).format(now);
    }
    Object.assign(options, { month: "long", weekday: "long" });
    const parts = new Intl.DateTimeFormat("zh-CN", options).formatToParts(now);
    const part = (type) => parts.find((each) => each.type === type).value;
    return `${part("year")}年${part("month").replace("月", "")}月${part("day")}日 ${part("weekday")}`;
  }

  /** Date, weekday and time of day of the city. */
  yiwang.Clock = function Clock({ id, timezone, lang, className }) {
    const { createElement: h } = window.React;
    const second = yiwang.useEverySecond(() => Math.floor(yiwang.link.now() / 1000));
    const now = new Date(second * 1000);
    const time = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, timeStyle: "medium" });
    return h(
      "time",
      { id, className: ["clock", className].filter(Boolean).join(" "), dateTime: now.toISOString() },
      h("span", { className: "clock-date" }, dateText(now, timezone, lang)),
      " ",
      h("span", { className: "clock-time" }, time.format(now)),
    );
  };
})((window.yiwang = window.yiwang || {}));
