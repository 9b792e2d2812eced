// Pictures and clips, made in the browser.
import { compose, drawComposed } from "./panes.js";

/** Copy the picture; false where the browser has no clipboard for it. */
export async function copyPicture(panes, options) {
  const blob = compose(panes, options).convertToBlob({ type: "image/png" });
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    return true;
  } catch {
    return false;
  }
}

export async function savePicture(panes, options, name) {
  download(await compose(panes, options).convertToBlob({ type: "image/png" }), `${name}.png`);
}

const TYPES = ["video/mp4;codecs=avc1", "video/webm;codecs=vp9", "video/webm"];

/**
 * Save frames as a film; as pictures where the browser makes no films.
 *
 * @param show shows a frame and waits until it is drawn; false ends the clip.
 * @returns whether it was saved.
 */
export async function saveClip(panes, options, frames, fps, name, show) {
  const type = TYPES.find((one) => window.MediaRecorder?.isTypeSupported(one));
  if (!type) {
    for (const frame of frames) {
      if (!(await show(frame))) return false;
      await savePicture(panes(), options, `${name}-${String(frame + 1).padStart(5, "0")}`);
    }
    return true;
  }
  if (!(await show(frames[0]))) return false;
  const canvas = document.createElement("canvas");
  const gap = panes().length > 1 ? 8 : 0;
  const { width, height } = panes()[0].video;
  [canvas.width, canvas.height] = [panes().length * (width + gap) - gap, height];
  const pen = canvas.getContext("2d", { alpha: false });
  drawComposed(pen, panes(), { ...options, gap }); // a recorder begins with what it finds
  const stream = canvas.captureStream(0);
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 8_000_000 });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise((done) => (recorder.onstop = done));
  recorder.start();
  let due = performance.now();
  let isWhole = true;
  for (const frame of frames) {
    if (!(await show(frame))) {
      isWhole = false;
      break;
    }
    drawComposed(pen, panes(), { ...options, gap });
    stream.getVideoTracks()[0].requestFrame();
    due += 1000 / fps;
    await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
  }
  // A recorder that is stopped drops what it has not encoded yet: the last frame stands a moment.
  await new Promise((done) => setTimeout(done, 250));
  recorder.stop();
  await ended;
  if (isWhole) download(new Blob(parts, { type: type.split(";")[0] }), `${name}.${type.includes("mp4") ? "mp4" : "webm"}`);
  return isWhole;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
