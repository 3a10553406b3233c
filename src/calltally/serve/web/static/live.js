// One live stream per page: keeps its parts fresh, its timers running, and says so when it stops.
import { swap } from "./swap.js";

/**
 * A frame of /api/v1/live.
 * @typedef {{ id: string | number, as_of: string, type: string, delay_ms?: number | null }} Frame
 */

const PART_MS = 250;
/** Once a second would leave seconds out: each timer has a beginning of its own, and an interval comes early or late. */
const TICK_MS = 200;
const GRACE_MS = 3000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;

const body = document.body;
const address = body.dataset.live ?? "";
const silenceMs = Number(body.dataset.silenceMs ?? 0);

/** Server time minus ours, in milliseconds; the fastest frame knows best. */
let ahead = body.dataset.nowMs ? Number(body.dataset.nowMs) - Date.now() : 0;
let isFirstFrame = true;
let heardAt = 0;
let isStopped = false;
let waitMs = FIRST_WAIT_MS;
let failures = 0;
/** @type {WebSocket | EventSource | null} */
let stream = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;

/** The time of the site, in milliseconds since 1970. */
const now = () => Date.now() + ahead;

/** @param {number} instantMs @returns {string} the time of day at the site */
function clockOf(instantMs) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: body.dataset.zone, timeStyle: "medium", hourCycle: "h23" }).format(instantMs);
}

/** Fill a pattern of the server, `{m}:{ss}`, with a running time. @param {string} pattern @param {number} elapsedMs */
function timed(pattern, elapsedMs) {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  /** @type {Record<string, string>} */
  const parts = {
    h: String(hours),
    m: String(pattern.includes("{h}") ? Math.floor(seconds / 60) % 60 : Math.floor(seconds / 60)),
    mm: two(Math.floor(seconds / 60) % 60),
    ss: two(seconds % 60),
  };
  return pattern.replace(/\{(h|m|mm|ss)\}/g, (_, name) => parts[name] ?? "");
}

/** @param {Element | null} element @param {string} text */
function say(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** @param {"ok" | "warn" | "off"} sign @param {string} text */
function pulse(sign, text) {
  const place = document.getElementById("pulse");
  if (!place) return;
  place.className = `st ${sign}`;
  place.querySelector("use")?.setAttribute("href", `#i-${sign}`);
  say(place.querySelector("span"), text);
}

/** @param {string} name */
const words = (name) => document.getElementById("pulse")?.dataset[name] ?? "";

function tick() {
  if (address && silenceMs && heardAt && Date.now() - heardAt > silenceMs) stop();
  if (isStopped) {
    pulse("warn", timed(words("stopped"), Date.now() - heardAt));
    return;
  }
  say(document.getElementById("clock"), clockOf(now()));
  for (const timer of document.querySelectorAll("[data-since-ms]")) {
    const elapsed = now() - Number(timer.getAttribute("data-since-ms"));
    const pattern = (elapsed < 3600000 ? body.dataset.timer : body.dataset.timerLong) ?? "";
    say(timer, timed(pattern, elapsed));
  }
}

/** @param {string} text */
function heard(text) {
  /** @type {Frame} */
  const frame = JSON.parse(text);
  const asOf = Date.parse(frame.as_of);
  const difference = asOf - Date.now();
  ahead = isFirstFrame ? difference : Math.max(ahead, difference);
  const behindMs = ahead - difference + (frame.delay_ms ?? 0);
  const isCalm = !isFirstFrame && Date.now() - heardAt < 400;
  [isFirstFrame, heardAt, waitMs, failures] = [false, Date.now(), FIRST_WAIT_MS, 0];
  if (isStopped) {
    isStopped = false;
    body.classList.remove("stale");
    document.getElementById("stopped")?.setAttribute("hidden", "");
  }
  if (!isCalm) {
    pulse("ok", words("alive").replace(/\{0(.)0\}/, (_, point) => (behindMs / 1000).toFixed(1).replace(".", point)));
  }
  if (frame.type !== "tick") document.dispatchEvent(new CustomEvent("ct:frame"));
}

function stop() {
  if (isStopped || !heardAt) return;
  isStopped = true;
  sayStopped();
}

function sayStopped() {
  body.classList.add("stale");
  const line = document.getElementById("stopped");
  line?.removeAttribute("hidden");
  say(line?.querySelector("b") ?? null, words("stoppedTitle").replace("{time}", clockOf(heardAt + ahead)));
  say(document.getElementById("clock"), clockOf(heardAt + ahead));
  tick();
}

function connect() {
  clearTimeout(again);
  stream?.close();
  isFirstFrame = true;
  const url = new URL(address, location.href);
  if (failures >= 2 && failures % 4 >= 2) {
    const events = new EventSource(url);
    const onEvent = (/** @type {Event} */ event) => event instanceof MessageEvent && heard(String(event.data));
    for (const name of ["message", "snapshot", "delta", "tick"]) events.addEventListener(name, onEvent);
    events.addEventListener("error", () => lose(events));
    stream = events;
    return;
  }
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.addEventListener("message", (event) => heard(String(event.data)));
  socket.addEventListener("close", () => lose(socket));
  stream = socket;
}

/** @param {WebSocket | EventSource} lost */
function lose(lost) {
  if (lost !== stream) return;
  lost.close();
  stream = null;
  failures += 1;
  setTimeout(() => stream === null || Date.now() - heardAt > GRACE_MS ? stop() : undefined, GRACE_MS);
  if (!isStopped) pulse("off", words("connecting"));
  again = setTimeout(connect, waitMs * (0.75 + Math.random() / 2));
  waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
}

/**
 * A part of the page that fetches itself again when something happened: `<ct-part src="/parts/waiting" on="live">`, or
 * when another part says something else in a place than before: `after=".fig .v"`, so that both say the same.
 */
class Part extends HTMLElement {
  #isDirty = false;
  #isBusy = false;
  #isVisible = false;
  #lastMs = 0;
  /** How often to ask at most; the server says more when many look. */
  #paceMs = PART_MS;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  #stopped = new AbortController();
  #sight = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "200px" });

  connectedCallback() {
    this.#stopped = new AbortController();
    const options = { signal: this.#stopped.signal };
    if (this.getAttribute("on") === "live") document.addEventListener("ct:frame", () => this.refresh(), options);
    document.addEventListener("visibilitychange", () => this.#soon(), options);
    this.addEventListener("pointerleave", () => this.querySelector("[data-key]") && !isStopped && this.refresh(), options);
    this.#sight.observe(this);
    const other = this.getAttribute("after");
    const said = () => other ? document.querySelector(other)?.textContent : "";
    let before = said();
    document.addEventListener("ct:swapped", () => before !== (before = said()) && this.refresh(), options);
    const every = Number(this.getAttribute("every-ms"));
    if (every) {
      const timer = setInterval(() => isStopped || this.refresh(), every);
      options.signal.addEventListener("abort", () => clearInterval(timer));
    }
  }

  disconnectedCallback() {
    this.#sight.disconnect();
    this.#stopped.abort();
    clearTimeout(this.#later);
  }

  /** Fetch again, as soon as it is seen and the last time is long enough ago. */
  refresh() {
    this.#isDirty = true;
    this.#soon();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    this.#isVisible = entries.some((entry) => entry.isIntersecting) || this.children.length === 0;
    this.#soon();
  }

  #soon() {
    if (!this.#isDirty || this.#isBusy || !this.#isVisible || document.hidden) return;
    clearTimeout(this.#later);
    const pause = this.#paceMs * 2 ** Math.min(this.#failures, 6);
    this.#later = setTimeout(() => this.#fetch(), Math.max(0, this.#lastMs + pause - performance.now()));
  }

  async #fetch() {
    this.#isDirty = false;
    this.#isBusy = true;
    this.#lastMs = performance.now();
    try {
      const answer = await fetch(this.getAttribute("src") ?? "", { headers: { accept: "text/html" }, signal: this.#stopped.signal });
      if (answer.status === 401 || answer.redirected) location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      this.#paceMs = Number(answer.headers.get("x-pace-ms")) || PART_MS;
      const fresh = document.createElement("template");
      fresh.innerHTML = await answer.text();
      swap(this, fresh.content);
      this.#failures = 0;
      tick();
      document.dispatchEvent(new CustomEvent("ct:swapped"));
    } catch {
      this.#failures += 1;
      this.#isDirty = true;
    }
    this.classList.toggle("old", this.#failures > 1);
    this.#isBusy = false;
    this.#soon();
  }
}

customElements.define("ct-part", Part);
document.addEventListener("ct:swapped", () => isStopped && sayStopped());
setInterval(tick, TICK_MS);
tick();
if (address) {
  connect();
  document.getElementById("reconnect")?.addEventListener("click", connect);
  addEventListener("online", connect);
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => event.persisted && connect());
}
