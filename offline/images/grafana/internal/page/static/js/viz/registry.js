// Which function draws which type of panel.
import { timeseries } from "./timeseries.js";
import { stat } from "./stat.js";
import { table } from "./table.js";
import { dashlist, text } from "./text.js";

export const RENDERERS = { timeseries, graph: timeseries, stat, singlestat: stat, table, "table-old": table, text, dashlist };

export const WITHOUT_DATA = new Set(["text", "dashlist"]);
