// The keys of the player. They stay alive after a click on a button; what is typed into a field is left alone.

/** @param actions a function for each name below. */
export function listenToKeys(actions) {
  const keys = {
    " ": "play",
    ArrowLeft: "back", ",": "back", d: "back",
    ArrowRight: "forward", ".": "forward", f: "forward",
    "shift ArrowLeft": "farBack", PageUp: "farBack",
    "shift ArrowRight": "farForward", PageDown: "farForward",
    Home: "first", End: "last",
    "shift <": "slower", "shift >": "faster", "<": "slower", ">": "faster",
    "[": "loopFrom", "]": "loopTo", l: "loop",
    e: "nextEvent", "shift E": "previousEvent",
    s: "nextSwitch", "shift S": "previousSwitch",
    m: "nextMiss", "shift M": "previousMiss",
    x: "nextFalse", "shift X": "previousFalse",
    n: "nextNew", "shift N": "previousNew",
    1: "layer1", 2: "layer2", 3: "layer3", v: "view",
    u: "outlines", t: "labels",
    o: "moreOpaque", "shift O": "lessOpaque",
    r: "raise", "shift R": "lower",
    j: "nextObject", k: "previousObject", Escape: "everything",
    "+": "zoomIn", "shift +": "zoomIn", "=": "zoomIn", "-": "zoomOut", 0: "fit",
    "alt ArrowLeft": "panLeft", "alt ArrowRight": "panRight", "alt ArrowUp": "panUp", "alt ArrowDown": "panDown",
    "shift F": "full", y: "copy", p: "savePicture", c: "saveClip",
  };
  document.addEventListener("keydown", (event) => {
    const isThirdLevel = event.getModifierState("AltGraph"); // where some keyboards have their brackets
    if (((event.ctrlKey || event.metaKey) && !isThirdLevel) || document.querySelector("dialog[open]")) return;
    const { target, key } = event;
    if (target.closest?.("input:not([type=checkbox], [type=radio], [type=range]), textarea, select")) return;
    const isArrow = key.startsWith("Arrow") || ["Home", "End", "PageUp", "PageDown"].includes(key);
    if (isArrow && target.closest?.("input[type=range], input[type=radio]") && !event.altKey) return;
    if (key === " " && target.closest?.("button, input, summary, a")) return;
    const held = `${event.altKey && !isThirdLevel ? "alt " : ""}${event.shiftKey ? "shift " : ""}`;
    const action = actions[keys[held + (key.length === 1 && event.shiftKey ? key.toUpperCase() : key)]];
    if (!action) return;
    if (action() !== false) event.preventDefault();
  });
  // A button that was clicked gives the keys back: space plays, and does not press it again.
  document.addEventListener("click", (event) => {
    if (event.detail > 0) document.activeElement?.closest(".player button")?.blur();
  });
}
