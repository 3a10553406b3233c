// Reads values from a chart by pointer or arrow keys, and chooses a range by drag or Shift and arrows.
// Every sentence and every border stands finished in the chart's own table.
import { show } from "./filter.js";

const SVG = "http://www.w3.org/2000/svg";
const DRAG_PX = 6;

class Chart extends HTMLElement {
  /** @type {number | null} */
  #at = null;
  /** @type {number | null} */
  #from = null;
  #pressedX = 0;
  #summary = "";
  #gone = new AbortController();

  connectedCallback() {
    this.#gone = new AbortController();
    const options = { signal: this.#gone.signal };
    this.#prepare();
    document.addEventListener("ct:swapped", () => this.#prepare(), options);
    this.addEventListener("pointermove", (event) => this.#point(event), options);
    this.addEventListener("pointerdown", (event) => this.#press(event), options);
    this.addEventListener("pointerup", (event) => this.#release(event), options);
    this.addEventListener("pointercancel", () => this.#read(null), options);
    this.addEventListener("pointerleave", () => this.#from === null && this.#read(null), options);
    this.addEventListener("keydown", (event) => this.#key(event), options);
    this.addEventListener("focusout", () => this.#read(null), options);
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  /** @returns {SVGSVGElement | null} */
  get area() {
    return this.querySelector(".area");
  }

  /** @returns {HTMLTableRowElement[]} one per bucket */
  get rows() {
    return [...(this.querySelector("tbody")?.rows ?? [])];
  }

  #prepare() {
    if (this.rows.length) this.area?.setAttribute("tabindex", "0");
    if (this.#at !== null) this.#read(Math.min(this.#at, this.rows.length - 1));
    else this.#summary = this.querySelector("output")?.innerHTML ?? "";
  }

  /** @param {PointerEvent} event @returns {number | null} */
  #bucketAt(event) {
    const box = this.area?.getBoundingClientRect();
    const count = this.rows.length;
    if (!box || !count || !(event.target instanceof Element) || (this.#from === null && !event.target.closest(".area"))) return null;
    return Math.min(count - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * count)));
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const bucket = this.#bucketAt(event);
    if (bucket === null && document.activeElement === this.area) return;
    this.#read(bucket);
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const bucket = this.#bucketAt(event);
    if (bucket === null || event.button || event.pointerType === "touch" || !this.#borders) return;
    event.preventDefault();
    this.area?.setPointerCapture(event.pointerId);
    this.area?.focus({ preventScroll: true });
    this.#pressedX = event.clientX;
    this.#from = bucket;
  }

  /** @param {PointerEvent} event */
  #release(event) {
    if (this.#from !== null && Math.abs(event.clientX - this.#pressedX) > DRAG_PX) this.#zoom();
    this.#from = null;
    this.#read(this.#at);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.rows.length - 1;
    if (document.activeElement !== this.area || last < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.#at ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    /** @type {Record<string, number>} */
    const places = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last };
    const place = places[event.key];
    if (place !== undefined) {
      if (!event.shiftKey) this.#from = null;
      else this.#from ??= Math.min(last, Math.max(0, at));
      this.#read(Math.min(last, Math.max(0, place)));
    } else if (event.key === "Enter" && this.#from !== null) this.#zoom();
    else if (event.key === "Escape" && this.#at !== null) {
      this.#from = null;
      this.#read(null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @returns {boolean} whether the buckets say where they begin */
  get #borders() {
    return this.rows[0]?.dataset.since !== undefined;
  }

  #zoom() {
    if (this.#from === null || this.#at === null || !this.#borders) return;
    const [first, last] = [Math.min(this.#from, this.#at), Math.max(this.#from, this.#at)];
    const until = this.rows[last + 1]?.dataset.since ?? this.querySelector("table")?.dataset.end;
    const url = new URL(location.href);
    url.searchParams.delete("span");
    url.searchParams.set("since", this.rows[first]?.dataset.since ?? "");
    url.searchParams.set("until", until ?? "");
    this.#from = null;
    this.#at = null;
    show(url, { remember: true });
  }

  /** Say and show the values of one bucket, or of the whole range. @param {number | null} bucket */
  #read(bucket) {
    const output = this.querySelector("output");
    const row = bucket === null ? undefined : this.rows[bucket];
    if (this.#at === null && row && output) this.#summary = output.innerHTML;
    this.#at = row ? bucket : null;
    if (!row) this.#from = null;
    if (output) {
      if (row) {
        const name = document.createElement("b");
        name.textContent = row.cells[0]?.textContent ?? "";
        const heads = this.querySelector("table")?.tHead?.rows[0]?.cells;
        const read = [...row.cells].slice(1).map((cell, place) => `${heads?.[place + 1]?.textContent} ${cell.textContent}`);
        output.replaceChildren(name, `: ${read.join(", ")}`);
      } else if (output.innerHTML !== this.#summary) output.innerHTML = this.#summary;
    }
    this.#draw(row);
  }

  /** @param {HTMLTableRowElement | undefined} row */
  #draw(row) {
    const area = this.area;
    const count = this.rows.length;
    for (const dot of this.querySelectorAll(".dot")) dot.remove();
    const cross = area?.querySelector(".cross");
    const chosen = area?.querySelector(".chosen");
    cross?.setAttribute("visibility", row ? "visible" : "hidden");
    chosen?.setAttribute("visibility", row && this.#from !== null ? "visible" : "hidden");
    if (!row || !area || this.#at === null) return;
    const x = `${((this.#at + 0.5) / count) * 100}%`;
    cross?.setAttribute("x1", x);
    cross?.setAttribute("x2", x);
    for (const y of (row.dataset.y ?? "").split(" ").filter(Boolean)) {
      const dot = document.createElementNS(SVG, "circle");
      for (const [name, value] of Object.entries({ class: "dot", cx: x, cy: y, r: "4" })) dot.setAttribute(name, value);
      area.append(dot);
    }
    if (this.#from === null) return;
    const [first, last] = [Math.min(this.#from, this.#at), Math.max(this.#from, this.#at)];
    chosen?.setAttribute("x", `${(first / count) * 100}%`);
    chosen?.setAttribute("width", `${((last - first + 1) / count) * 100}%`);
  }
}

customElements.define("ct-chart", Chart);
