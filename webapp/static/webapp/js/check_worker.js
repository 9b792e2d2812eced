/**
 * The check in a thread of its own, so that the page stays alive while a gigabyte is read.
 *
 * In: {file, split}. Out: {done, total} now and then, at last {verdict} or, on a fault of ours, {fault}.
 */
import { checkFile } from "./check_file.js";

const REPORT_EVERY_MS = 100;

self.onmessage = async ({ data: { file, split } }) => {
  let reported = 0;
  const onProgress = (done, total) => {
    const now = performance.now();
    if (now - reported < REPORT_EVERY_MS) return;
    reported = now;
    self.postMessage({ done, total });
  };
  try {
    self.postMessage({ verdict: await checkFile(file, split, onProgress) });
  } catch (fault) {
    self.postMessage({ fault: String(fault) });
  }
};
