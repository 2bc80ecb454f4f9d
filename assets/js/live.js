/**
 * Live: a slot that shows a tree of components and every newer tree of it that the server sends.
 *
 * A tree is the JSON of Dash components: {namespace, type, props}. Only elements and attributes
 * named here are made, text stays text and addresses are checked: the words in it were written by
 * strangers. React compares old and new, so what did not change keeps focus, scroll and state.
 * No data passes through Dash properties: dash-renderer would keep every old value for ever.
 */
(function (yiwang) {
  "use strict";

  const TAGS = new Set(
    (
      "a abbr address article aside b br button caption cite code col colgroup data dd del details " +
      "dfn div dl dt em fieldset figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i ins kbd " +
      "label legend li main mark meter nav ol p pre progress q s samp section small span strong " +
      "sub summary sup table tbody td tfoot th thead time tr u ul var wbr"
    ).split(" "),
  );

  /** Attributes that pass from a tree to an element, beside aria-* and data-*. */
  yiwang.ATTRIBUTES = new Set(
    (
      "className colSpan dateTime dir download headers hidden high id lang low max min open optimum " +
      "rel role rowSpan scope span start style tabIndex target title value"
    ).split(" "),
  );

  function attributes(props) {
    const passed = {};
    for (const [name, value] of Object.entries(props)) {
      if (value == null) continue;
      if (yiwang.ATTRIBUTES.has(name) || /^(aria|data)-/.test(name)) passed[name] = value;
      else if (name === "href") passed.href = yiwang.safeHref(value);
    }
    return passed;
  }

  /** Is it a page of ours, and not a file, another tab or another site? */
  function isPage({ href, target, download }) {
    return (
      typeof href === "string" && /^[/?](?!\/)/.test(href) && !target && download == null &&
      !/\.[a-z]+$/.test(href.split(/[?#]/)[0])
    );
  }

  function element(node, key) {
    const { createElement: h } = window.React;
    const props = node.props || {};
    const tag = node.type.toLowerCase();
    if (tag === "a" && isPage(props)) return own({ type: "Nav", props }, key);
    if (!TAGS.has(tag)) {
      console.error(`A live tree holds an element that is not shown: ${node.type}`);
      return null;
    }
    return h(tag, { ...attributes(props), key }, ...list(props.children));
  }

  function own(node, key) {
    const { createElement: h } = window.React;
    if (!Object.hasOwn(yiwang, node.type) || !/^[A-Z][a-z]/.test(node.type)) {
      console.error(`A live tree holds a component that is not known: ${node.type}`);
      return null;
    }
    const { children, ...props } = node.props || {};
    return h(yiwang[node.type], { ...props, key }, ...list(children));
  }

  function list(children) {
    if (children == null) return [];
    return (Array.isArray(children) ? children : [children]).map((each) => yiwang.render(each));
  }

  /** Give the React element of a tree; strings stay strings. */
  yiwang.render = function (node) {
    if (node == null || typeof node === "boolean") return null;
    if (typeof node !== "object") return String(node);
    if (Array.isArray(node)) {
      return window.React.createElement(window.React.Fragment, null, ...list(node));
    }
    const key = node.props && node.props.key;
    if (node.namespace === "dash_html_components") return element(node, key);
    if (node.namespace === "yiwang") return own(node, key);
    console.error(`A live tree holds a component of another library: ${node.namespace}`);
    return null;
  };

  /** One broken panel must not take the screen down; the next tree gets another try. */
  class Guard extends window.React.Component {
    constructor(props) {
      super(props);
      this.state = { broken: null };
    }

    static getDerivedStateFromError() {
      return { failed: true };
    }

    static getDerivedStateFromProps({ tree }, { failed, broken }) {
      if (failed) return { failed: false, broken: tree };
      return broken && broken !== tree ? { broken: null } : null;
    }

    render() {
      if (this.state.broken === null) return yiwang.render(this.props.tree);
      const text = "此面板无法显示 / This panel cannot be shown";
      return window.React.createElement("p", { className: "panel-broken", role: "alert" }, text);
    }
  }

  /** id = name of the panel; page = key of the page; tree = what the server rendered first. */
  yiwang.Live = function Live({ id, page, tree, className }) {
    const { createElement: h, useEffect, useState } = window.React;
    const [pushed, setPushed] = useState(null);
    useEffect(
      () => yiwang.link.watch(page, id, (newer) => setPushed({ page, tree: newer })),
      [page, id],
    );
    const shown = pushed && pushed.page === page ? pushed.tree : tree;
    const names = ["live", className].filter(Boolean).join(" ");
    return h("div", { id, className: names, "data-panel": id }, h(Guard, { tree: shown }));
  };
})((window.yiwang = window.yiwang || {}));
