"use strict";
// The page is whole without this: colours follow the system, everything is there to read. This makes it handier.
const root = document.documentElement;
root.dataset.scripted = "";

// ---- colours: as the system has them, unless somebody chose --------------------------------------------------------
const KEY = "rehearsal-scheme";
const remembered = (() => { try { return localStorage.getItem(KEY); } catch { return null; } })();
function paint(scheme) {
  if (scheme === "light" || scheme === "dark") root.dataset.scheme = scheme;
  else delete root.dataset.scheme;
}
paint(remembered);
const choice = document.querySelector(".scheme");
choice.hidden = false;
for (const radio of choice.querySelectorAll("input")) {
  if (radio.value === remembered) radio.checked = true;
  radio.addEventListener("change", () => {
    paint(radio.value);
    try { localStorage.setItem(KEY, radio.value); } catch { /* a page from a file may not be allowed to remember */ }
  });
}
