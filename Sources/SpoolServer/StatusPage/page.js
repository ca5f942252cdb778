"use strict";
// Fetches changed parts every two seconds, or every thirty while the page is hidden.
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
    // Keep open details open, and keep the focus.
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
    document.body.classList.remove("old");
    answered = new Date();
  };

  // Nothing on the page may keep claiming that all is well: update the title, the headline and the spoken text, too.
  const complain = (why) => {
    const at = answered.toISOString();
    const text = `${why} Below is the state at ${at.slice(0, 10)} ${at.slice(11, 19)} UTC.`;
    const stale = document.getElementById("stale");
    if (stale.hidden || stale.textContent !== text) stale.textContent = text;
    stale.hidden = false;
    document.title = "spool: does not answer";
    document.body.classList.add("old");
    document.getElementById("said").textContent = "";
    if (shown.get("verdict") === null) return;
    shown.set("verdict", null);
    const verdict = document.querySelector("#verdict .verdict");
    verdict.className = "verdict trouble";
    verdict.querySelector(".mark").textContent = "!";
    verdict.querySelector(".headline").textContent = "spool does not answer.";
    for (const detail of verdict.querySelectorAll(".headline ~ p")) detail.remove();
  };

  const step = async () => {
    clearTimeout(timer);
    try {
      // An absolute URL, since a page URL with a user and password cannot be the base of a request (Fetch, 5.4).
      const address = `${location.origin}/page.json`;
      const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (answer.ok) show(await answer.json());
      else if (answer.status === 401) complain("spool requires the token again: reload the page.");
      else complain(`spool cannot report its status (HTTP status ${answer.status}).`);
    } catch {
      complain("spool does not answer: is the daemon running?");
    }
    clearTimeout(timer);
    timer = setTimeout(step, document.hidden ? 30000 : 2000);
  };

  document.addEventListener("visibilitychange", () => { if (!document.hidden) step(); });
  step();
})();
