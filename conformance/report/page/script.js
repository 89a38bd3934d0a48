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
