// Which function draws which type of panel.
import { barchart } from "./barchart.js";
import { bargauge } from "./bargauge.js";
import { gauge } from "./gauge.js";
import { piechart } from "./piechart.js";
import { stat } from "./stat.js";
import { statetimeline } from "./statetimeline.js";
import { table } from "./table.js";
import { dashlist, text } from "./text.js";
import { timeseries } from "./timeseries.js";

export const RENDERERS = {
  timeseries, graph: timeseries, stat, singlestat: stat, gauge, bargauge, table, "table-old": table, text, dashlist, piechart,
  "state-timeline": statetimeline, "status-history": statetimeline, barchart,
};

export const WITHOUT_DATA = new Set(["text", "dashlist"]);
