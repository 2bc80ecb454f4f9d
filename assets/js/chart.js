/**
 * Chart: a still Plotly figure. Figures are made for a rem of 16px; on a wall of another height the
 * drawing is scaled as a whole (it is SVG and stays sharp), so that letters keep their proportion.
 */
(function (yiwang) {
  "use strict";

  const CONFIG = {
    staticPlot: true,
    displayModeBar: false,
    displaylogo: false,
    modeBarButtonsToRemove: ["sendChartToCloud"],
    responsive: false,
  };

  function address() {
    const own = "_dash-component-suites/plotly/package_data/plotly.min.js";
    return window._dashPlotlyJSURL || yiwang.link.prefix() + own;
  }

  async function draw(box, paper, isOver) {
    await yiwang.untilDone(() => window.Plotly || yiwang.loadScript(address()), isOver);
    if (isOver() || !box.clientWidth || !box.clientHeight) return;
    const factor = yiwang.scale();
    const { data, layout } = structuredClone(box.figure);
    const width = box.clientWidth / factor;
    const height = box.clientHeight / factor;
    paper.style.transform = factor === 1 ? "" : `scale(${factor})`;
    await window.Plotly.react(paper, data, { ...layout, width, height, autosize: false }, CONFIG);
    paper.dataset.drawn = "true";
  }

  yiwang.Chart = function Chart({ id, figure, label, className }) {
    const { createElement: h, useEffect, useRef } = window.React;
    const box = useRef(null);
    const paper = useRef(null);
    const text = JSON.stringify(figure);
    useEffect(() => {
      let over = false;
      let last = Promise.resolve();
      // One drawing at a time: Plotly.react returns before it has finished.
      const again = () => (last = last.then(() => draw(box.current, paper.current, () => over)));
      box.current.figure = JSON.parse(text);
      const observer = new ResizeObserver(again);
      observer.observe(box.current);
      return () => {
        over = true;
        observer.disconnect();
      };
    }, [text]);
    useEffect(() => {
      const drawn = paper.current;
      return () => window.Plotly && window.Plotly.purge(drawn);
    }, []);
    const names = ["yw-chart", className].filter(Boolean).join(" ");
    const spoken = label ? { role: "img", "aria-label": label } : {};
    return h(
      "div",
      { id, className: names, ref: box, ...spoken },
      h("div", { className: "yw-chart-paper", ref: paper }),
    );
  };
})((window.yiwang = window.yiwang || {}));
