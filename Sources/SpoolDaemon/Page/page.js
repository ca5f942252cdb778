"use strict";
// Fetches the parts that have changed every two seconds, every thirty while nobody looks.
(() => {
  const shown = new Map();
  let timer;
  let answered = new Date();

  const place = (id, html) => {
    if (shown.get(id) === html) return;
    const node = document.getElementById(id);
    if (!node) return;
    const isFirst = !shown.has(id);
    shown.set(id, html);
    if (isFirst && node.innerHTML === html) return;
    // What is open stays open, and what has the focus keeps it.
    const open = [...node.querySelectorAll("details[open]")].map((details) => details.id);
    const focused = node.contains(document.activeElement)
      ? document.activeElement.closest("[id]") : null;
    const isSummary = document.activeElement?.tagName === "SUMMARY";
    node.innerHTML = html;
    for (const id of open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    if (focused && focused.id !== id) {
      const again = document.getElementById(focused.id);
      (isSummary ? again?.querySelector("summary") : again)?.focus();
    }
  };

  const show = (update) => {
    for (const [id, html] of Object.entries(update.parts)) place(id, html);
    if (document.title !== update.title) document.title = update.title;
    const said = document.getElementById("said");
    if (said.textContent !== update.said) said.textContent = update.said;
    document.getElementById("stale").hidden = true;
    answered = new Date();
  };

  const complain = () => {
    const stale = document.getElementById("stale");
    const text = `spool does not answer; this is how it was at ${answered.toISOString().slice(11, 19)} UTC.`;
    if (stale.hidden || stale.textContent !== text) stale.textContent = text;
    stale.hidden = false;
  };

  const step = async () => {
    clearTimeout(timer);
    try {
      // Whole, since an address that a user and password were typed into is no base for a request (Fetch, 5.4).
      const address = `${location.origin}/page.json`;
      const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.json());
    } catch {
      complain();
    }
    clearTimeout(timer);
    timer = setTimeout(step, document.hidden ? 30000 : 2000);
  };

  document.addEventListener("visibilitychange", () => { if (!document.hidden) step(); });
  step();
})();
