// The first to run: has the worker fetch what is looked at first, while the other scripts are still on their way.
import { readAddress } from "./address.js";

const isHere = document.getElementById("player") && document.getElementById("player-data");
if (!isHere) await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));

export const root = document.getElementById("player");
export const data = JSON.parse(document.getElementById("player-data").textContent);
export const layers = data.layers.filter(({ state }) => state === "ready");
export const keys = layers.map(({ key }) => key);
export const worker = new Worker(root.dataset.worker, { type: "module" });

const early = []; // what it said before anybody listened
worker.onmessage = ({ data: answer }) => early.push(answer);
const { palette, categories, video, frames } = data;
const { frame } = readAddress(location.hash, keys, video.length);
if (layers.length) worker.postMessage({ open: { layers, palette, categories, video, frames, frame } });

export function listen(hear) {
  worker.onmessage = ({ data: answer }) => hear(answer);
  early.splice(0).forEach(hear);
}
