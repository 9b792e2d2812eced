// What every page has: copy buttons, dialogs, menus that close, and the keys `/` and `?`.

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) await copyBlock(copy);

  const opener = event.target.closest("[data-open-dialog]");
  if (opener) document.getElementById(opener.dataset.openDialog)?.showModal();

  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// On a phone the row of tabs scrolls: show the one that is open.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const { parentElement: row } = tab;
  row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
}

async function copyBlock(button) {
  const text = button.closest(".code").querySelector("code").textContent;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // No clipboard without HTTPS: select the text, so that one key press copies it.
    window.getSelection().selectAllChildren(button.closest(".code").querySelector("code"));
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = label), 1500);
}

export function isTyping(event) {
  return event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  const search = document.querySelector("[data-search]");
  const help = document.getElementById("help");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "?" && help && !help.open) {
    event.preventDefault();
    help.showModal();
  }
});
