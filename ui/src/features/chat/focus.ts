/** A list that scrolls draws a row in a later frame, and may move it once more: the focus follows for a few frames. */
const FRAMES = 8;
const STEADY = 3;

/** Gives the focus to what `find` finds, as soon as it is drawn, and keeps it there until the drawing has settled. */
export async function focusWhenDrawn(find: () => HTMLElement | null | undefined): Promise<void> {
  let steady = 0;
  for (let frame = 0; frame < FRAMES && steady < STEADY; frame += 1) {
    const now = document.activeElement;
    const target = find();
    // A row that is moved loses the focus to nothing. Where something else has it, somebody went there.
    if (steady > 0 && now !== target && now !== document.body) return;
    if (target) {
      if (now !== target) target.focus({ preventScroll: true });
      steady += 1;
    }
    await new Promise((next) => requestAnimationFrame(next));
  }
}
