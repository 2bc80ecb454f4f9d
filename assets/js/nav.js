/**
 * Nav: a link inside the product. It keeps lang, theme and indicator of the address and changes
 * the page without loading it again, in the way of dcc.Link.
 */
(function (yiwang) {
  "use strict";

  const KEPT = ["lang", "theme", "indicator"];
  const SAFE = ["http:", "https:", "mailto:", "tel:"];
  const MOVED = "_dashprivate_pushstate";

  /** Give the address with the kept parameters added, or "" when it is of a dangerous kind. */
  function withKept(href) {
    const here = new URL(window.location.href);
    let target;
    try {
      target = new URL(href, here);
    } catch {
      return "";
    }
    if (!SAFE.includes(target.protocol)) return "";
    if (target.origin !== here.origin) return target.href;
    for (const name of KEPT) {
      const value = here.searchParams.get(name);
      if (value !== null && !target.searchParams.has(name)) target.searchParams.set(name, value);
    }
    return target.pathname + target.search + target.hash;
  }

  /** Give the address as it is, or undefined when its protocol could run code. */
  yiwang.safeHref = function (href) {
    return withKept(String(href)) ? String(href) : undefined;
  };

  /** Go to an address of the product without loading the page again. */
  yiwang.go = function (href) {
    const target = withKept(href);
    if (!target) return;
    if (!target.startsWith("/")) {
      window.location.assign(target);
      return;
    }
    window.history.pushState({}, "", target);
    window.dispatchEvent(new CustomEvent(MOVED));
    window.scrollTo(0, 0);
  };

  /** React hook: the page's own query, kept up to date when the page changes. */
  yiwang.useSearch = function () {
    const { useEffect, useState } = window.React;
    const [search, setSearch] = useState(window.location.search);
    useEffect(() => {
      const moved = () => setSearch(window.location.search);
      window.addEventListener(MOVED, moved);
      window.addEventListener("popstate", moved);
      return () => {
        window.removeEventListener(MOVED, moved);
        window.removeEventListener("popstate", moved);
      };
    }, []);
    return search;
  };

  yiwang.Nav = function Nav({ href, children, setProps, ...rest }) {
    const { createElement: h } = window.React;
    yiwang.useSearch();
    const props = Object.fromEntries(
      Object.entries(rest).filter(
        ([name]) => /^(aria|data)-/.test(name) || yiwang.ATTRIBUTES.has(name),
      ),
    );
    const click = (event) => {
      const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
      if (elsewhere || event.button !== 0 || (props.target && props.target !== "_self")) return;
      event.preventDefault();
      yiwang.go(href);
    };
    return h("a", { ...props, href: withKept(href) || undefined, onClick: click }, children);
  };
})((window.yiwang = window.yiwang || {}));
