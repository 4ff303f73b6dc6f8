"use strict";

// Draws every element with data-chart from the JSON that json_script left under that id.
// Colours come from the style sheet, so that light, dark and paper each get their own.

(() => {
  const drawn = [];
  const narrow = matchMedia("(max-width: 40rem)");

  // Lines of one kind differ in colour and in dash, for those who see few colours and for grey paper.
  const dashes = [[], [9, 4], [9, 3, 2, 3], [4, 3]];
  const dashOf = (series) => (series.dashed ? [5, 4] : dashes[series.dash || 0]);

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Diagonal lines stand for what is incomplete or was not measured: a lighter shade alone would not tell.
  const hatched = (ink) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const pen = tile.getContext("2d");
    pen.strokeStyle = ink;
    pen.lineWidth = 1.4;
    for (const offset of [-3, 3, 9]) {
      pen.moveTo(offset - 3, 6);
      pen.lineTo(offset + 3, 0);
    }
    pen.stroke();
    return pen.createPattern(tile, "repeat");
  };

  // Behind hours that ought to have a value and have none; their reasons stand above the lane.
  const gapsBehind = (gaps) => ({
    id: "gaps",
    beforeDatasetsDraw: (drawing) => {
      const { ctx, chartArea, scales } = drawing;
      const half = Math.abs(scales.x.getPixelForValue(1) - scales.x.getPixelForValue(0)) / 2;
      ctx.save();
      ctx.fillStyle = hatched(color("--line-strong"));
      gaps.forEach((isGap, index) => {
        if (isGap) {
          const left = Math.max(chartArea.left, scales.x.getPixelForValue(index) - half);
          const right = Math.min(chartArea.right, scales.x.getPixelForValue(index) + half);
          ctx.fillRect(left, chartArea.top, right - left, chartArea.height);
        }
      });
      ctx.restore();
    },
  });

  const dataset = (series, isTurned) => {
    const ink = color(`--chart-${series.color}`);
    const marked = (index) => Boolean(series.hatched[index]);
    const common = {
      label: series.label,
      data: series.values,
      type: series.kind,
      [isTurned ? "xAxisID" : "yAxisID"]: series.axis,
      borderColor: ink,
      order: series.kind === "line" ? 0 : 1,
    };
    if (series.kind === "bar") {
      const pattern = hatched(ink);
      return {
        ...common,
        backgroundColor: series.values.map((_, index) => (marked(index) ? pattern : ink)),
        borderWidth: series.values.map((_, index) => (marked(index) ? 1 : 0)),
        grouped: series.grouped !== false, // kinds of one waterfall stand in one place, not side by side
        barPercentage: 0.92,
        categoryPercentage: 0.92,
      };
    }
    return {
      ...common,
      // A hollow point is what was not measured.
      backgroundColor: series.fills ? `${ink}26` : ink,
      fill: series.fills ? "+1" : false, // the ground up to the next line
      pointBackgroundColor: series.values.map((_, index) => (marked(index) ? color("--surface") : ink)),
      borderWidth: series.bound ? 0.75 : 1.75,
      borderDash: dashOf(series),
      pointRadius: series.apart || series.chosen || series.dash // points would fill the gaps of a dash
        ? series.values.map((_, index) => (marked(index) ? 3 : series.apart ? 1.5 : 0))
        : series.points === false || series.values.length > 100 ? 0 : 1.5,
      pointHitRadius: series.points === false ? 0 : 8,
      spanGaps: false,
      // A stretch that ends in a marked point is dotted, or not drawn where such a point stands apart; where points
      // are marked for being chosen, the line stays as it is.
      segment: {
        borderColor: (part) => (series.apart && marked(part.p1DataIndex) ? "transparent" : undefined),
        borderDash: (part) => (!series.chosen && marked(part.p1DataIndex) ? [2, 3] : undefined),
      },
    };
  };

  const axis = (unit, side, isLane, isTurned) => ({
    position: isTurned ? "bottom" : side,
    beginAtZero: true,
    max: unit === "min" ? 60 : unit === "%" && isLane ? 100 : undefined,
    title: { display: !isLane, text: unit, color: color("--ink-soft") },
    ticks: { color: color("--ink-soft"), maxTicksLimit: isLane ? 3 : 6, stepSize: unit === "min" ? 30 : undefined },
    grid: { color: color("--line"), drawOnChartArea: side === "left" },
    border: { display: false },
    // Lanes stand below each other: their plots must begin at the same place.
    afterFit: isLane ? (scale) => { scale.width = 56; } : undefined,
  });

  const inTwoLines = (words) => {
    const first = words.join(" ").length > 16 ? Math.ceil(words.length / 2) : words.length;
    return [words.slice(0, first).join(" "), words.slice(first).join(" ")].filter(Boolean);
  };

  const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

  const draw = (holder) => {
    const data = JSON.parse(document.getElementById(holder.dataset.chart).textContent);
    const which = holder.dataset.lane ?? holder.dataset.of; // one of many in the same list
    const chart = which === undefined ? data : data[Number(which)];
    const isLane = holder.dataset.lane !== undefined;
    const isBottom = !isLane || holder.classList.contains("last");
    // Few bars with long names lie down where there is no room for the names below them.
    const isTurned = Boolean(chart.turns) && narrow.matches;
    holder.classList.toggle("turned", isTurned);
    const labels = isTurned ? chart.labels.map(inTwoLines) : chart.labels;
    const scales = {
      [isTurned ? "y" : "x"]: {
        ticks: {
          display: isBottom,
          color: color("--ink-soft"),
          maxRotation: 0,
          autoSkipPadding: 16,
          autoSkip: !chart.turns,
        },
        grid: { display: false },
        border: { color: color("--line-strong") },
      },
    };
    for (const [side, unit] of Object.entries(chart.axes)) {
      scales[side] = axis(unit, side, isLane, isTurned);
      scales[side].stacked = scales[isTurned ? "y" : "x"].stacked = Boolean(chart.stacked);
    }
    return new Chart(holder.querySelector("canvas"), {
      data: { labels, datasets: chart.series.map((series) => dataset(series, isTurned)) },
      plugins: chart.gaps ? [gapsBehind(chart.gaps)] : [],
      options: {
        animation: false,
        indexAxis: isTurned ? "y" : "x",
        maintainAspectRatio: false,
        // A bar leads where its row in the table leads.
        onClick: (event, _, drawing) => {
          const [hit] = drawing.getElementsAtEventForMode(event.native, "nearest", { intersect: true }, false);
          const address = hit && chart.series[hit.datasetIndex].address;
          if (address) {
            location.assign(address);
          }
        },
        interaction: { mode: "index", intersect: false },
        scales,
        plugins: {
          legend: {
            display: !isLane,
            position: "top",
            align: "start",
            labels: {
              usePointStyle: true,
              pointStyleWidth: 34, // a dash and its gap, twice
              generateLabels: (drawing) =>
                Chart.defaults.plugins.legend.labels.generateLabels(drawing).map((label) => ({
                  ...label,
                  text: chart.series[label.datasetIndex].legend ?? label.text,
                  fontColor: color("--ink-soft"),
                  // The ink, also where the first bar is hatched.
                  fillStyle: drawing.data.datasets[label.datasetIndex].borderColor,
                  fillStyle: drawing.data.datasets[label.datasetIndex].fill ? drawing.data.datasets[label.datasetIndex].backgroundColor : label.fillStyle,
                  lineDash: drawing.data.datasets[label.datasetIndex].borderDash,
                  lineWidth: drawing.data.datasets[label.datasetIndex].type === "line" ? 2 : 0,
                  pointStyle: drawing.data.datasets[label.datasetIndex].type === "line" && !chart.series[label.datasetIndex].fills ? "line" : "rect",
                })).filter((label) => label.text),
            },
          },
          tooltip: {
            callbacks: {
              label: (item) => {
                // A floating bar says how far it reaches, not where it ends.
                const amount = Array.isArray(item.raw) ? chart.amounts[item.dataIndex] : item.parsed.y;
                const value = amount === null ? "–" : number.format(amount);
                const why = chart.why ? chart.why[item.dataIndex] : "hatched: see legend";
                const mark = chart.series[item.datasetIndex].hatched[item.dataIndex] ? ` (${why})` : "";
                return `${item.dataset.label}: ${value} ${chart.axes[chart.series[item.datasetIndex].axis]}${mark}`;
              },
            },
          },
        },
      },
    });
  };

  const afterFrames = (count, then) => (count ? requestAnimationFrame(() => afterFrames(count - 1, then)) : then());

  const redraw = () => {
    for (const chart of drawn.splice(0)) {
      chart.destroy();
    }
    Chart.defaults.font.family = color("--sans");
    for (const holder of document.querySelectorAll("[data-chart]")) {
      drawn.push(draw(holder));
    }
    document.documentElement.dataset.chartsDrawn = String(drawn.length);
  };

  document.addEventListener("DOMContentLoaded", () => {
    redraw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    matchMedia("print").addEventListener("change", redraw);
    // Not at once: a chart that has just heard of its new width must not be gone when it fits itself, a frame later.
    narrow.addEventListener("change", () => afterFrames(3, redraw));
  });
})();
