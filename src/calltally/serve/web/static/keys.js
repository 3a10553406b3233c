// Single keys (never inside fields, and only while the reader wants them), copying, printing.

const OFF = "calltally.keys";
const GO_MS = 1500;
const COPIED_MS = 1500;
let goUntil = 0;

/** @param {string} selector @returns {HTMLElement | null} */
const find = (selector) => document.querySelector(selector);

const isOn = () => localStorage.getItem(OFF) !== "off";

/** @param {EventTarget | null} target */
function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
}

function openKeys() {
  const dialog = find("#keys");
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

/** The link of the next or previous row takes the focus. @param {1 | -1} step */
function moveRow(step) {
  const links = [...document.querySelectorAll("main tbody th a, main .waits a")].filter((link) => link instanceof HTMLElement && link.offsetParent);
  const at = links.findIndex((link) => link === document.activeElement);
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
  if (!(next instanceof HTMLElement)) return;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function search() {
  const field = find("form.ask input[type=search]");
  if (field instanceof HTMLInputElement) {
    field.focus();
    field.select();
  } else find('[data-go="c"]')?.click();
}

/** @type {Record<string, () => void>} */
const actions = {
  "?": openKeys,
  "/": search,
  f: () => find("form.ask select, form.ask .many > button")?.focus(),
  e: () => (document.activeElement?.closest(".fig, figure")?.querySelector("a[href*=why]") ?? find(".fig .why"))?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true })),
  w: () => location.assign(find('a[href^="/wall"]')?.getAttribute("href") ?? "/wall"),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  "[": () => find("[data-span=earlier]")?.click(),
  "]": () => find("[data-span=later]")?.click(),
  g: () => {
    goUntil = performance.now() + GO_MS;
  },
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || isField(event.target)) return;
  if (event.key === "Escape" && !find("dialog[open], [popover]:popover-open")) {
    (find(".because a[data-close]") ?? find("a[data-back]"))?.click();
    return;
  }
  if (!isOn() || find("dialog[open]")) return;
  const page = performance.now() < goUntil ? find(`[data-go="${CSS.escape(event.key)}"]`) : null;
  goUntil = 0;
  const action = page ? () => page.click() : Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button) return;
  if (button.hasAttribute("data-keys")) openKeys();
  if (button.hasAttribute("data-print")) print();
  if (button.hasAttribute("data-copy")) {
    const source = button.dataset.copy ? find(button.dataset.copy) : null;
    await navigator.clipboard.writeText(source?.textContent ?? location.href);
    const name = button.textContent;
    button.textContent = button.dataset.done ?? name;
    setTimeout(() => {
      button.textContent = name;
    }, COPIED_MS);
  }
});

const choice = find("#keys-on");
if (choice instanceof HTMLInputElement) {
  choice.checked = isOn();
  choice.addEventListener("change", () => (choice.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "off")));
}
