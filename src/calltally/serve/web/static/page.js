// What every page loads: each module attaches itself to the parts it finds.
import "./filter.js";
import "./chart.js";
import "./keys.js";
import "./live.js";

document.documentElement.classList.add("scripted");
