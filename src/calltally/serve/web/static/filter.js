// The address is the state: filters, sorting, paging and zoom change it and bring the new `main`; back and forward work.
import { swap } from "./swap.js";

const BUSY_MS = 300;
const LONG_MS = 3000;
let running = new AbortController();
/** @type {ReturnType<typeof setTimeout>[]} */
let waiting = [];

/** What the server calls the reading of a timespan, "reading 30 days". @param {URL} url @param {HTMLElement} line */
function wordsFor(url, line) {
  const span = /** @type {HTMLSelectElement | null} */ (document.querySelector("form.ask select[name=span]"));
  const wanted = url.searchParams.get("since") ? "" : (url.searchParams.get("span") ?? span?.dataset.usual);
  const option = [...(span?.options ?? [])].find(({ value }) => value === wanted);
  return option?.dataset.reading ?? line.dataset.words ?? "";
}

/** Say what is being read while the old content stays: after a moment, and for how long once it is long. @param {URL} url */
function sayReading(url) {
  const began = Date.now();
  const line = document.getElementById("reading");
  const [words, seconds] = line?.querySelectorAll("span") ?? [];
  const begin = () => {
    document.querySelector("main")?.setAttribute("aria-busy", "true");
    if (!line || !words) return;
    words.textContent = wordsFor(url, line);
    line.removeAttribute("hidden");
  };
  const count = () => {
    const passed = Date.now() - began;
    if (seconds && passed >= LONG_MS) seconds.textContent = (line?.dataset.seconds ?? "").replace("{seconds}", String(Math.floor(passed / 1000)));
  };
  waiting = [setTimeout(begin, BUSY_MS), setInterval(count, 500)];
}

function stopReading() {
  waiting.forEach(clearTimeout);
  document.querySelector("main")?.removeAttribute("aria-busy");
  const line = document.getElementById("reading");
  line?.setAttribute("hidden", "");
  line?.querySelectorAll("span").forEach((part) => part.replaceChildren());
}

/** @param {HTMLFormElement} form @returns {URL} the address a form asks for, without what is left at its default */
function addressOf(form) {
  const url = new URL(form.action, location.href);
  url.search = "";
  for (const [name, value] of new FormData(form)) {
    const field = form.elements.namedItem(name);
    const usual = field instanceof HTMLElement ? (field.dataset.usual ?? "") : "";
    if (typeof value === "string" && value !== usual) url.searchParams.append(name, value);
  }
  return url;
}

/**
 * Bring another state of this page.
 * @param {URL} url
 * @param {{ remember: boolean, toTop?: boolean }} how
 */
export async function show(url, { remember, toTop = false }) {
  running.abort();
  const own = (running = new AbortController());
  const main = document.querySelector("main");
  stopReading();
  sayReading(url);
  try {
    const answer = await fetch(url, { headers: { accept: "text/html" }, signal: own.signal });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = fresh.querySelector("main");
    if (!answer.ok || answer.redirected || !main || !next) throw new Error(String(answer.status));
    if (remember) history.pushState(null, "", url);
    document.title = fresh.title;
    swap(main, next);
    if (!remember) /** @type {HTMLFormElement | null} */ (document.querySelector("form.ask"))?.reset(); // going back, the field a reader is in follows, too
    if (toTop) scrollTo(0, 0);
    document.dispatchEvent(new CustomEvent("ct:swapped"));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    location.assign(url);
  } finally {
    if (running === own) stopReading();
  }
}

/** @param {EventTarget | null} target @returns {HTMLFormElement | null} */
function askOf(target) {
  return target instanceof Element ? target.closest("form.ask") : null;
}

document.addEventListener("change", (event) => {
  const form = askOf(event.target);
  if (!form || !(event.target instanceof Element)) return;
  const list = event.target.closest("[popover]");
  if (list) list.setAttribute("data-changed", "");
  else show(addressOf(form), { remember: true });
});

// several choices are sent together, when their list closes
document.addEventListener(
  "toggle",
  (event) => {
    const form = askOf(event.target);
    if (!form || !(event.target instanceof HTMLElement) || event.target.matches(":popover-open")) return;
    if (event.target.hasAttribute("data-changed")) show(addressOf(form), { remember: true });
    event.target.removeAttribute("data-changed");
  },
  true,
);

document.addEventListener("submit", (event) => {
  const form = askOf(event.target);
  if (!form || form.method !== "get") return;
  event.preventDefault();
  show(addressOf(form), { remember: true });
});

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("main a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.pathname !== location.pathname || url.search === location.search) return;
  event.preventDefault();
  show(url, { remember: true, toTop: link.rel === "next" || link.rel === "prev" });
});

addEventListener("popstate", () => show(new URL(location.href), { remember: false }));
