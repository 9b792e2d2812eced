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

// Of a WebM it is known when a frame is encoded; an MP4 is written at its end, and may lack frames on a busy machine.
const TYPES = ["video/webm;codecs=vp9", "video/webm", "video/mp4;codecs=avc1"];
const PATIENCE_MS = 5000;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

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
  let hear = () => {};
  recorder.ondataavailable = ({ data }) => {
    parts.push(data);
    hear(data.size);
  };
  /** Add what is shown, and wait until it is in the film: the next frame would take the place of one that is not. */
  const add = async () => {
    drawComposed(pen, panes(), { ...options, gap }); // nothing is captured of a canvas on which nothing was drawn
    stream.getVideoTracks()[0].requestFrame();
    if (!type.includes("webm")) return;
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await pause(5)) {
      const size = await new Promise((done) => {
        hear = done;
        recorder.requestData();
      });
      if (size) return;
    }
  };
  const ended = new Promise((done) => (recorder.onstop = done));
  recorder.start();
  let due = performance.now();
  let isWhole = true;
  for (const frame of frames) {
    isWhole = await show(frame);
    if (!isWhole) break;
    await add();
    due += 1000 / fps;
    await pause(Math.max(0, due - performance.now()));
  }
  if (isWhole) {
    await add(); // the last frame stands as long as the others
    await pause(250); // and an MP4 has time to be written
  }
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
