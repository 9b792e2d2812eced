// What the worker is asked to paint, and what it has answered: one answer waits to be drawn, and the last request counts.

const PASSED = 40; // frames that are still worth to be shown

export class Painting {
  /** @param frame the first that is wanted. */
  constructor(worker, frame) {
    Object.assign(this, { worker, frame });
    this.id = 0; // of the last request
    this.passed = [frame]; // the frames that were wanted since the one that was painted: the last one is wanted still
    this.isAsked = false; // whether the worker owes an answer
    this.isWaiting = false; // whether it has said that it loads masks first
    this.isStale = true; // whether what is shown differs from what is wanted
    this.look = 0; // how often something was changed by which a frame looks otherwise
    this.raster = { width: 0, height: 0 }; // the pixels that were asked for
    this.answer = null; // the one that is to be drawn
    this.buffers = []; // of pixels, and pictures: the worker has them back with the next request
    this.pictures = [];
  }

  get isBusy() {
    return this.isStale || this.isAsked || this.isWaiting || this.answer !== null;
  }

  /** Want another frame. Those before it are shown if their pictures come first. */
  aim(frame) {
    this.frame = frame;
    this.passed.push(frame);
    if (this.passed.length > PASSED) this.passed.shift();
    this.isStale = true;
  }

  /** Want it again, though the frame may be the same. */
  redraw() {
    this.look++;
    this.isStale = true;
  }

  /** Ask for what is wanted, in place of what the worker was asked for: {step, panes, view, isFirst}. */
  ask(wanted) {
    const { passed: frames, look, buffers, pictures } = this;
    Object.assign(this, { id: this.id + 1, isAsked: true, isStale: false, raster: wanted.view.raster, buffers: [], pictures: [] });
    const paint = { ...wanted, id: this.id, frames, look, buffers, pictures };
    this.worker.postMessage({ paint }, [...buffers, ...pictures.map(({ bitmap }) => bitmap)]);
  }

  /** Take what the worker says. */
  hear({ painted, same, lost, waiting }) {
    if (painted) {
      if (this.answer) this.take();
      this.answer = painted;
      this.passed = this.passed.slice(this.passed.lastIndexOf(painted.frame) + 1);
      if (!this.passed.length) this.passed = [this.frame];
    }
    if ((painted?.id ?? same ?? lost) === this.id) this.isAsked = this.isWaiting = false;
    if (waiting) this.isWaiting = true;
    if (painted && painted.frame !== this.frame && !this.isAsked) this.isStale = true;
  }

  /** Take the answer away; what it was made of goes back to the worker. */
  take() {
    const { answer } = this;
    this.buffers.push(...answer.panes.map(({ pixels }) => pixels));
    if (answer.picture.bitmap) this.pictures.push(answer.picture);
    this.answer = null;
    return answer;
  }
}
