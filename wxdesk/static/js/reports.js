// Pages of reports: draws charts with ECharts, sorts tables, prints, saves pictures. The page works without it.
(() => {
  const root = document.documentElement;
  const charts = new Map(); // box -> ECharts instance
  const MOST_UPRIGHT = 12; // more names than this lie beside their bars
  const NARROW = 560;
  const BAR_HEIGHT = 26;
  const PAPER_WIDTH = 680;
  const PICTURE_WIDTH = 1000;

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const LIGHT = ["#0f766e", "#d97706", "#4f46e5", "#be123c", "#0284c7", "#65a30d", "#9333ea", "#78716c"];
  const DARK = ["#2dd4bf", "#fbbf24", "#a5b4fc", "#fb7185", "#38bdf8", "#a3e635", "#c084fc", "#a8a29e"];

  /** The colours of the theme that is on; paper is always light. */
  function palette(isPaper) {
    const isDark = !isPaper && root.dataset.bsTheme === "dark";
    return {
      isDark,
      series: isDark ? DARK : LIGHT,
      ink: isPaper ? "#1b2425" : colour("--wx-ink"),
      soft: isPaper ? "#566163" : colour("--wx-soft"),
      line: isPaper ? "#e2e7e7" : colour("--wx-line"),
      surface: isPaper ? "#fff" : colour("--wx-surface"),
    };
  }

  const SIZES = [86_400, 3600, 60, 1];
  /** 90 -> "1.5 min": for axes, where the server has written no text. */
  function shortDuration(seconds, units) {
    const place = Math.max(0, SIZES.findIndex((size) => seconds >= size));
    const at = seconds ? place : SIZES.length - 1;
    return `${Number((seconds / SIZES[at]).toFixed(1))} ${units[at]}`;
  }

  /** The highest line or pile of bars. */
  function highest(chart) {
    const tops = chart.x.map((_, at) => {
      const values = chart.series.map((one) => one.values[at] ?? 0);
      return chart.kind === "stacked" ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
    });
    return Math.max(0, ...tops);
  }

  /** Steps of durations that people count in, at most five of them. */
  function durationStep(most) {
    const steps = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];
    return steps.find((step) => most / step <= 5) ?? Math.ceil(most / 5 / 86_400) * 86_400;
  }

  function valueAxis(chart, look) {
    const { unit } = chart.series[0];
    const axis = {
      type: "value",
      axisLabel: { color: look.soft },
      splitLine: { lineStyle: { color: look.line } },
      minInterval: unit === "count" ? 1 : 0,
    };
    const most = highest(chart);
    if (unit === "seconds") {
      axis.axisLabel.formatter = (value) => shortDuration(value, chart.units);
      axis.interval = durationStep(most);
      axis.max = Math.max(1, Math.ceil(most / axis.interval)) * axis.interval;
    }
    if (unit === "share") {
      axis.axisLabel.formatter = (value) => `${Math.round(value * 1000) / 10}%`;
      if (most > 0.5) axis.max = 1;
    }
    return axis;
  }

  function tooltip(look, trigger, formatter) {
    return {
      trigger,
      renderMode: "richText", // HTML would need style attributes, which the page's policy forbids
      confine: true,
      backgroundColor: look.surface,
      borderColor: look.line,
      textStyle: { color: look.ink, fontSize: 12 },
      axisPointer: { type: "line", lineStyle: { color: look.soft }, shadowStyle: { opacity: 0.2 } },
      formatter,
    };
  }

  /** Upright lines where something happened: [label below, name]. */
  function marksOf(chart, look) {
    if (!chart.marks?.length) return undefined;
    const names = new Map();  // labels of one day would lie on each other
    for (const [x, name] of chart.marks) names.set(x, [...(names.get(x) ?? []), name]);
    return {
      symbol: "none",
      silent: true,
      lineStyle: { color: look.soft, type: "dashed", width: 1 },
      label: { formatter: ({ name }) => name, color: look.soft, fontSize: 11, position: "insideEndTop", overflow: "truncate", width: 120 },
      data: [...names].map(([x, found]) => ({ xAxis: x, name: found.join(" · ") })),
    };
  }

  function lines(chart, isLying, look) {
    const isLine = chart.kind === "line";
    const isStacked = chart.kind === "stacked";
    return chart.series.map((one, number) => ({
      name: one.name,
      markLine: number === 0 ? marksOf(chart, look) : undefined,
      type: isLine ? "line" : "bar",
      stack: isStacked ? "all" : undefined,
      data: one.values,
      showSymbol: chart.x.length === 1,
      connectNulls: false,
      lineStyle: { width: 2 },
      barMaxWidth: 36,
      itemStyle: { borderRadius: isStacked || isLine ? 0 : isLying ? [0, 3, 3, 0] : [3, 3, 0, 0] },
      emphasis: { disabled: true },
      areaStyle: isLine && chart.series.length === 1 ? { opacity: 0.12 } : undefined,
    }));
  }

  function plainOption(chart, look, isLying, width) {
    const formatter = (points) => {
      const place = points[0].dataIndex;
      const texts = chart.series.map((one) => `${one.name}: ${one.texts[place]}`);
      return [chart.x[place], ...texts].join("\n");
    };
    const hasLegend = chart.series.length > 1;
    const names = nameAxis(chart, look, isLying, width);
    const values = valueAxis(chart, look);
    return {
      color: look.series,
      grid: { left: 8, right: isLying ? 24 : 16, top: hasLegend ? 40 : 14, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      legend: hasLegend
        ? { type: "scroll", top: 6, left: 4, itemWidth: 14, itemHeight: 8, textStyle: { color: look.soft }, pageTextStyle: { color: look.soft }, pageIconColor: look.soft }
        : undefined,
      tooltip: tooltip(look, "axis", formatter),
      xAxis: isLying ? values : names,
      yAxis: isLying ? names : values,
      series: lines(chart, isLying, look),
    };
  }

  function nameAxis(chart, look, isLying, width) {
    const label = { color: look.soft, overflow: "truncate", width: isLying ? 130 : Math.max(30, (width - 80) / chart.x.length - 8) };
    return {
      type: "category",
      data: chart.x,
      inverse: isLying,
      boundaryGap: chart.kind !== "line",
      axisTick: { show: false },
      axisLine: { lineStyle: { color: look.line } },
      axisLabel: chart.is_time ? { color: look.soft, hideOverlap: true } : { ...label, interval: 0 },
    };
  }

  /** Names get lines of their own where there are many of them, or little room. */
  const liesDown = (chart, width) =>
    chart.kind !== "heat" && chart.kind !== "line" && !chart.is_time && (chart.x.length > MOST_UPRIGHT || (width < NARROW && chart.x.length > 3));

  function heatOption(chart, look) {
    const [one] = chart.series;
    const wide = chart.x.length;
    const data = one.values.map((value, number) => [number % wide, Math.floor(number / wide), value ?? "-"]);
    const most = Math.max(1e-9, ...one.values.map((value) => value ?? 0));
    const formatter = ({ dataIndex: at }) =>
      `${chart.rows[Math.floor(at / wide)]} ${chart.x[at % wide]}\n${one.name}: ${one.texts[at]}`;
    const label = { color: look.soft };
    return {
      grid: { left: 8, right: 12, top: 8, bottom: 46, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      tooltip: tooltip(look, "item", formatter),
      xAxis: { type: "category", data: chart.x, axisLabel: { ...label, hideOverlap: true }, axisTick: { show: false }, axisLine: { show: false } },
      yAxis: { type: "category", data: chart.rows, inverse: true, axisLabel: label, axisTick: { show: false }, axisLine: { show: false } },
      visualMap: {
        min: 0,
        max: most,
        calculable: false,
        orient: "horizontal",
        left: "center",
        bottom: 0,
        itemHeight: 120,
        itemWidth: 10,
        text: [writeMost(one, most), "0"],
        textStyle: { color: look.soft },
        inRange: { color: look.isDark ? ["#1d2a2a", "#115e59", "#2dd4bf"] : ["#eef5f4", "#5eaaa3", "#0b5f58"] },
      },
      series: [{ name: one.name, type: "heatmap", data, itemStyle: { borderColor: look.surface, borderWidth: 2, borderRadius: 3 }, emphasis: { itemStyle: { borderColor: look.ink } } }],
    };
  }

  const writeMost = (one, most) => one.texts[one.values.indexOf(most)] ?? "";

  function optionOf(chart, look, isLying, width) {
    const option = chart.kind === "heat" ? heatOption(chart, look) : plainOption(chart, look, isLying, width);
    const font = getComputedStyle(document.body).fontFamily;
    return { animation: false, textStyle: { fontFamily: font }, backgroundColor: "transparent", ...option };
  }

  const facts = (box) => JSON.parse(document.getElementById(box.dataset.chart).textContent);

  function draw(box, isPaper = false) {
    const its = facts(box);
    const isLying = liesDown(its, box.clientWidth);
    if (isLying) box.style.height = `${its.x.length * BAR_HEIGHT + 60}px`;
    let chart = charts.get(box);
    if (!chart) {
      chart = echarts.init(box, null, { renderer: "canvas", locale: root.lang.startsWith("zh") ? "ZH" : "EN" });
      charts.set(box, chart);
      new ResizeObserver(() => chart.resize()).observe(box);
    }
    chart.setOption(optionOf(its, palette(isPaper), isLying, isPaper ? PAPER_WIDTH : box.clientWidth), { notMerge: true });
  }

  const drawAll = (isPaper = false) => {
    for (const box of charts.keys()) draw(box, isPaper);
  };

  /** Charts are drawn when they come near the screen: a page may have many. */
  function watchCharts() {
    const boxes = document.querySelectorAll("[data-chart]");
    if (!boxes.length || typeof echarts === "undefined") return;
    const watcher = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (!isIntersecting) continue;
          watcher.unobserve(target);
          draw(target);
        }
      },
      { rootMargin: "400px" },
    );
    for (const box of boxes) watcher.observe(box);
    new MutationObserver(() => drawAll()).observe(root, { attributes: true, attributeFilter: ["data-bs-theme"] });
  }

  /** On paper everything is open, light and as wide as the page. */
  function prepareForPaper() {
    for (const box of document.querySelectorAll("[data-chart]")) {
      if (typeof echarts !== "undefined") draw(box, true);
    }
    for (const chart of charts.values()) chart.resize({ width: PAPER_WIDTH });
    root.dataset.bsTheme = "light";
    for (const fold of document.querySelectorAll(".report-body details:not(.pick):not([open])")) {
      fold.open = true;
      fold.dataset.wasShut = "";
    }
  }

  function backToScreen(theme) {
    root.dataset.bsTheme = theme;
    for (const fold of document.querySelectorAll("details[data-was-shut]")) {
      fold.open = false;
      delete fold.dataset.wasShut;
    }
    for (const chart of charts.values()) chart.resize({ width: "auto" });
    drawAll();
  }

  function watchPrinting() {
    let theme = root.dataset.bsTheme;
    addEventListener("beforeprint", () => {
      theme = root.dataset.bsTheme;
      prepareForPaper();
    });
    addEventListener("afterprint", () => backToScreen(theme));
    for (const button of document.querySelectorAll("[data-print]")) {
      button.hidden = false;
      button.addEventListener("click", () => print());
    }
  }

  /** A picture for slides: twice as fine, light, with its title. */
  function savePicture(button) {
    const box = document.getElementById(button.dataset.png);
    const chart = facts(box);
    const look = palette(true);
    const isLying = liesDown(chart, PICTURE_WIDTH);
    const height = isLying ? chart.x.length * BAR_HEIGHT + 110 : 460;
    const paper = document.createElement("div");
    const picture = echarts.init(paper, null, { renderer: "canvas", width: PICTURE_WIDTH, height });
    const option = optionOf(chart, look, isLying, PICTURE_WIDTH);
    const top = (option.grid.top ?? 0) + 36;
    picture.setOption({
      ...option,
      backgroundColor: "#fff",
      title: { text: chart.title, left: 12, top: 8, textStyle: { color: look.ink, fontSize: 15 } },
      legend: option.legend && { ...option.legend, top: 36 },
      grid: { ...option.grid, top },
    });
    const link = document.createElement("a");
    link.download = button.dataset.file;
    link.href = picture.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: "#fff" });
    link.click();
    picture.dispose();
  }

  function watchPictures() {
    if (typeof echarts === "undefined") return;
    for (const button of document.querySelectorAll("[data-png]")) {
      button.hidden = false;
      button.addEventListener("click", () => savePicture(button));
    }
  }

  /** Unknown values stay at the end in both directions. */
  function compare(first, second, isNumber, isUp) {
    if (first === "" || second === "") return (first === "") - (second === "");
    const order = isNumber ? Number(first) - Number(second) : first.localeCompare(second, root.lang);
    return isUp ? order : -order;
  }

  function sortBy(table, heading) {
    const place = heading.cellIndex;
    const isNumber = heading.classList.contains("num");
    const was = heading.getAttribute("aria-sort");
    const isUp = was ? was === "descending" : !isNumber;
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    const body = table.tBodies[0];
    const key = (row) => row.cells[place].dataset.order;
    body.append(...[...body.rows].sort((a, b) => compare(key(a), key(b), isNumber, isUp)));
  }

  function makeSortable(table) {
    for (const heading of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort-button";
      button.textContent = heading.textContent;
      heading.replaceChildren(button);
      button.addEventListener("click", () => sortBy(table, heading));
    }
  }

  /** One list of choices at a time; a click elsewhere or Escape shuts it. */
  function watchPicks() {
    const picks = document.querySelectorAll("[data-pick]");
    const shut = (except) => {
      for (const pick of picks) if (pick.open && !pick.contains(except)) pick.open = false;
    };
    document.addEventListener("click", (event) => shut(event.target));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") shut(null);
    });
  }

  watchCharts();
  watchPrinting();
  watchPictures();
  watchPicks();
  document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
})();
