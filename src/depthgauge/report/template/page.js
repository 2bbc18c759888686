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

  const narrowed = (chart, pixels) => ({
    ...chart,
    concat: chart.concat.map((panel) => ({ ...panel, width: Math.max(80, panel.width - pixels) })),
  });

  // On a phone a legend goes over several rows; then long labels take from the panels' width.
  const PHONE = 600;

  const views = new Map();
  // Draws a chart; returns by how many pixels it sticks out of its place.
  const embed = async (place, chart, mode, legend) => {
    views.get(place)?.finalize();
    // On a phone a title begins left of its panel, and is cut where it would stick out.
    const narrow = place.clientWidth < PHONE;
    const title = { ...themes[mode].title, limit: place.clientWidth - (narrow ? 140 : 40) };
    if (narrow) title.frame = "bounds";
    const config = { ...themes[mode], title, legend: { ...themes[mode].legend, ...legend } };
    // The interpreter (ast) evaluates no text as code, so the page can forbid that.
    views.set(place, await vegaEmbed(place, chart, {
      mode: "vega-lite", renderer: "svg", actions: false, ast: true,
      config, tooltip: { theme: mode },
    }));
    place.querySelector("svg").setAttribute("aria-hidden", "true"); // title and caption speak
    return place.scrollWidth - place.clientWidth;
  };

  const drawnAs = new Map();
  // Draws the charts that can be seen, unless they are there in this mode and width.
  const draw = async (mode) => {
    for (const place of document.querySelectorAll("[data-chart]")) {
      const form = `${mode} ${place.clientWidth}`;
      if (!place.checkVisibility() || drawnAs.get(place) === form) continue;
      drawnAs.set(place, form);
      let chart = fitted(charts[place.dataset.chart], place.clientWidth);
      const legends = place.clientWidth < PHONE ? [{}, { columns: 3 }, { columns: 2 }] : [{}];
      let excess = 1;
      let legend = {};
      for (legend of legends) {
        excess = await embed(place, chart, mode, legend);
        if (excess <= 0) break;
      }
      // Narrower axes may have other labels, so once may not be enough.
      for (let tries = 0; excess > 0 && tries < 3; tries += 1) {
        chart = narrowed(chart, Math.ceil(excess / chart.columns) + 1);
        excess = await embed(place, chart, mode, legend);
      }
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

  // Without this script everything is unfolded; with it, a reader unfolds what is wanted.
  const sections = [...document.querySelectorAll("details.section")];
  const folded = [...document.querySelectorAll("details.figure"), ...sections];
  for (const each of folded) each.open = false;
  document.addEventListener("toggle", (event) => {
    if (event.target.open) redraw(seen());
  }, true);
  const all = document.getElementById("unfold");
  if (all) {
    all.hidden = false;
    all.addEventListener("click", () => {
      for (const each of document.querySelectorAll("details.figure")) each.open = true;
    });
  }
  // Nothing unfolds on paper.
  const paper = matchMedia("print");
  const open = () => { for (const each of folded) each.open = true; };
  paper.addEventListener("change", () => { if (paper.matches) open(); });
  addEventListener("beforeprint", open);

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
    const chosen = [verdict, group, study, wanted].some(Boolean);
    for (const section of sections) {
      section.hidden = !section.querySelector(".claims tbody tr:not([hidden])");
      section.open = chosen;
    }
    document.getElementById("count").textContent = `${shown} of ${rows.length} claims shown`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  filter();

  // A link finds what it leads to, filtered out or folded as it may be.
  const unfold = () => {
    const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!found) return;
    if (found.closest("[hidden]")) {
      form.reset();
      setTimeout(unfold); // once the filter has followed
      return;
    }
    const around = found.closest("details");
    if (around) around.open = true;
    if (found.matches(".claims tr")) found.querySelector("details").open = true;
    found.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  document.addEventListener("DOMContentLoaded", () => { // the drawing library comes after this
    unfold();
    redraw(seen());
  });
})();
