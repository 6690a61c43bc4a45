// Lines through points: straight, steps or smooth, broken at gaps.

const round = (value) => Math.round(value * 100) / 100;

export function lineThrough(points, interpolation) {
  if (points.length === 0) return "";
  const start = `M${round(points[0][0])},${round(points[0][1])}`;
  if (interpolation === "smooth" && points.length > 2) return start + smooth(points);
  let path = start;
  for (let i = 1; i < points.length; i += 1) {
    const [x, y] = points[i], [px, py] = points[i - 1];
    if (interpolation === "stepAfter") path += `L${round(x)},${round(py)}L${round(x)},${round(y)}`;
    else if (interpolation === "stepBefore") path += `L${round(px)},${round(y)}L${round(x)},${round(y)}`;
    else path += `L${round(x)},${round(y)}`;
  }
  return path;
}

// Monotone cubic curves: they never swing beyond the points they join.
function smooth(points) {
  const n = points.length, slopes = [], tangents = new Array(n);
  for (let i = 0; i < n - 1; i += 1) slopes.push((points[i + 1][1] - points[i][1]) / (points[i + 1][0] - points[i][0] || 1e-9));
  tangents[0] = slopes[0];
  tangents[n - 1] = slopes[n - 2];
  for (let i = 1; i < n - 1; i += 1) tangents[i] = slopes[i - 1] * slopes[i] <= 0 ? 0 : (2 * slopes[i - 1] * slopes[i]) / (slopes[i - 1] + slopes[i]);
  let path = "";
  for (let i = 0; i < n - 1; i += 1) {
    const [x0, y0] = points[i], [x1, y1] = points[i + 1], third = (x1 - x0) / 3;
    path += `C${round(x0 + third)},${round(y0 + tangents[i] * third)},${round(x1 - third)},${round(y1 - tangents[i + 1] * third)},${round(x1)},${round(y1)}`;
  }
  return path;
}

export function areaBetween(upper, lower, interpolation) {
  if (upper.length === 0) return "";
  const back = { stepAfter: "stepBefore", stepBefore: "stepAfter" }[interpolation] || interpolation;
  return `${lineThrough(upper, interpolation)}${lineThrough([...lower].reverse(), back).replace("M", "L")}Z`;
}

// Runs of points without a gap. `spanNulls` true joins everything, a number joins gaps up to that many milliseconds.
export function runs(times, values, { spanNulls, interval }) {
  const found = [];
  let current = [], last = null;
  times.forEach((time, index) => {
    const value = values[index];
    if (value === null || value === undefined || Number.isNaN(value)) {
      if (spanNulls === true || typeof spanNulls === "number") return;
      if (current.length) found.push(current);
      current = [];
      return;
    }
    const gap = last === null ? 0 : time - last;
    const limit = spanNulls === true ? Infinity : typeof spanNulls === "number" ? spanNulls : interval ? interval * 1.6 : Infinity;
    if (current.length && gap > limit) {
      found.push(current);
      current = [];
    }
    current.push(index);
    last = time;
  });
  if (current.length) found.push(current);
  return found;
}
