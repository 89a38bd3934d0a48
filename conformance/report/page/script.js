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

// ---- what a link leads to is open ----------------------------------------------------------------------------------
function reveal() {
  let there = null;
  try { there = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
  for (let one = there; one; one = one.parentElement) if (one instanceof HTMLDetailsElement) one.open = true;
  there?.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

// ---- copying -------------------------------------------------------------------------------------------------------
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
