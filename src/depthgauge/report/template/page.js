"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const charts = read("charts");
  const themes = read("themes");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // A panel narrower than this would be unreadable: fewer panels a row instead.
  const NARROWEST = 240;
  // What axis, labels and the gap to the next panel take beside a panel.
  const MARGIN = 84;

  const fitted = (chart, room) => {
    let columns = Math.min(chart.columns, chart.concat.length);
    while (columns > 1 && room / columns < NARROWEST) columns = Math.ceil(columns / 2);
    const width = Math.max(120, Math.floor(room / columns) - MARGIN);
    return { ...chart, columns, concat: chart.concat.map((panel) => ({ ...panel, width })) };
  };

  const views = new Map();
  const draw = async (mode) => {
    for (const place of document.querySelectorAll("[data-chart]")) {
      const chart = fitted(charts[place.dataset.chart], place.clientWidth);
      views.get(place)?.finalize();
      // The interpreter (ast) evaluates no text as code, so the page can forbid that.
      views.set(place, await vegaEmbed(place, chart, {
        mode: "vega-lite", renderer: "svg", actions: false, ast: true,
        config: themes[mode], tooltip: { theme: mode },
      }));
    }
  };
  // One drawing after the other: a resize may come while one is under way.
  let drawing = Promise.resolve();
  const redraw = (mode) => { drawing = drawing.then(() => draw(mode)); };
  const seen = () => (dark.matches ? "dark" : "light");

  let width = document.body.clientWidth;
  addEventListener("resize", () => {
    if (Math.abs(document.body.clientWidth - width) < 20) return;
    width = document.body.clientWidth;
    redraw(seen());
  });
  dark.addEventListener("change", () => redraw(seen()));
  addEventListener("beforeprint", () => redraw("light"));
  addEventListener("afterprint", () => redraw(seen()));
  redraw(seen());

  const form = document.getElementById("filter");
  const rows = [...document.querySelectorAll(".claims tbody tr")];
  const filter = () => {
    const { verdict, group, study, text } = Object.fromEntries(new FormData(form));
    const wanted = text.trim().toLowerCase();
    for (const row of rows) {
      row.hidden = (verdict && row.dataset.verdict !== verdict)
        || (group && row.dataset.group !== group)
        || (study && row.dataset.study !== study)
        || !row.textContent.toLowerCase().includes(wanted);
    }
    const shown = rows.filter((row) => !row.hidden).length;
    document.getElementById("count").textContent = `${shown} of ${rows.length} claims shown`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  filter();

  // A link to a claim finds it, filtered out or folded as it may be.
  const unfold = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row?.matches(".claims tr")) return;
    if (row.hidden) { form.reset(); for (const each of rows) each.hidden = false; }
    row.querySelector("details").open = true;
    row.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
