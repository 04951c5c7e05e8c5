/** A list that scrolls draws a row in a later frame, and may move it once more: the focus follows for a few frames. */
const FRAMES = 8;
const STEADY = 3;

/** Gives the focus to what `find` finds, as soon as it is drawn, and keeps it there until the drawing has settled. */
export async function focusWhenDrawn(find: () => HTMLElement | null | undefined): Promise<void> {
  let steady = 0;
  for (let frame = 0; frame < FRAMES && steady < STEADY; frame += 1) {
    const target = find();
    if (target && document.activeElement === target) steady += 1;
    else if (target) target.focus({ preventScroll: true });
    await new Promise((next) => requestAnimationFrame(next));
    // Somebody went elsewhere meanwhile: that counts.
    const now = document.activeElement;
    if (now !== target && now !== document.body && now !== null && target?.isConnected && steady > 0) return;
  }
}
