// Puts freshly rendered markup in place so that only what differs changes: focus, open details and rows stay.

/** How long a row that left stays struck through, in milliseconds. */
const GONE_MS = 2000;
const MARK_MS = 1200;

/** @param {Node} node @returns {string | null} */
function keyOf(node) {
  return node instanceof Element ? node.getAttribute("data-key") : null;
}

/** @param {Node} node */
function isGone(node) {
  return node instanceof Element && node.classList.contains("gone");
}

/** Whether a reader points at or works in an element, so that its rows must not change places. @param {Element} element */
export function isHeld(element) {
  return element.matches(":hover") || element.contains(document.activeElement);
}

/**
 * Make the children of one node like those of another.
 * @param {Element} old what is on the page
 * @param {Element | DocumentFragment} fresh what the server rendered; its nodes may be taken over
 */
export function swap(old, fresh) {
  const wanted = [...fresh.childNodes];
  const rows = new Map([...old.children].flatMap((child) => (keyOf(child) && !isGone(child) ? [[keyOf(child), child]] : [])));
  const held = rows.size > 0 && isHeld(old);
  /** @type {Set<Node>} */
  const kept = new Set();
  let place = old.firstChild;
  for (const next of wanted) {
    while (place && (isGone(place) || kept.has(place))) place = place.nextSibling;
    const key = keyOf(next);
    const match = key === null ? likeAt(place, next) : (rows.get(key) ?? null);
    if (match) {
      if (match !== place && !held) old.insertBefore(match, place);
      patch(match, next);
      kept.add(match);
      if (match === place) place = match.nextSibling;
    } else {
      old.insertBefore(next, held ? null : place);
      kept.add(next);
      if (key !== null && rows.size > 0) mark(next);
    }
  }
  for (const child of [...old.childNodes]) {
    if (kept.has(child) || isGone(child)) continue;
    if (keyOf(child) !== null && child instanceof HTMLElement) leave(child);
    else child.remove();
  }
}

/** @param {ChildNode | null} place @param {Node} next @returns {ChildNode | null} */
function likeAt(place, next) {
  for (let node = place; node; node = node.nextSibling) {
    if (keyOf(node) === null && node.nodeName === next.nodeName) return node;
    if (node.nodeType === Node.ELEMENT_NODE && next.nodeType === Node.ELEMENT_NODE) return null;
  }
  return null;
}

/** @param {Node} old @param {Node} next */
function patch(old, next) {
  if (!(old instanceof Element) || !(next instanceof Element)) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  if (old.isEqualNode(next)) return;
  const runs = old.getAttribute("data-since-ms");
  patchAttributes(old, next);
  if (runs !== null && runs === next.getAttribute("data-since-ms")) return;
  swap(old, next);
  patchControl(old);
}

/** @param {Element} old @param {Element} next */
function patchAttributes(old, next) {
  const own = old instanceof HTMLDetailsElement || old instanceof HTMLDialogElement ? "open" : "";
  for (const { name, value } of next.attributes) {
    if (name !== own && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (name !== own && !next.hasAttribute(name)) old.removeAttribute(name);
  }
}

/** What a reader has chosen follows the address, but for the field they are in. @param {Element} control */
function patchControl(control) {
  if (control === document.activeElement) return;
  if (control instanceof HTMLSelectElement) {
    control.selectedIndex = Math.max(0, [...control.options].findIndex((option) => option.defaultSelected));
  } else if (control instanceof HTMLInputElement) {
    control.value = control.defaultValue;
    control.checked = control.defaultChecked;
  }
}

/** @param {Node} node */
function mark(node) {
  if (!(node instanceof HTMLElement) || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const colour = getComputedStyle(node).getPropertyValue("--mark");
  node.animate([{ backgroundColor: colour }, { backgroundColor: "transparent" }], { duration: MARK_MS, easing: "ease-out" });
}

/** @param {HTMLElement} row */
function leave(row) {
  row.classList.add("gone");
  row.removeAttribute("data-key");
  for (const timer of row.querySelectorAll("[data-since-ms]")) timer.removeAttribute("data-since-ms");
  const go = () => {
    if (row.parentElement && isHeld(row.parentElement)) setTimeout(go, GONE_MS);
    else row.remove();
  };
  setTimeout(go, GONE_MS);
}
