/**
 * How much room the window has, in rem: larger text takes room as a smaller window does. What only looks different with
 * less of it is told by `@container app` rules in the styles; what behaves differently is told here, at the same limits.
 */

/** Each holds below so many rem. The styles write them out, as a query takes no variable; a test holds the two together. */
export const LIMITS = {
  /** One column, list or messages, and the rail at the bottom. */
  oneColumn: 40,
  /** The sections of the settings in a list that opens. */
  oneSection: 42,
  /** Sign-in without its picture. */
  noPicture: 45,
  /** The contact panel covers everything right of the rail. */
  covering: 56.25,
  /** The rail has icons only, and the list a fixed width. */
  narrow: 68.75,
  /** The contact panel lies over the messages instead of beside them. */
  floating: 80,
  /** The messages fill the width; with more room they stand in its middle. */
  uncentred: 93.75,
} as const;

/** Unmeasured room is ample: the first paint of the usual window is then right. */
let width = $state(Infinity);
/** How much larger than usual the text is. */
let scale = $state(1);

/** Pixels of one rem at the usual size. */
const USUAL = 16;

function measure(): void {
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
  scale = size > 0 ? size / USUAL : 1;
  width = window.innerWidth / (scale * USUAL);
}

export const room = {
  below(limit: keyof typeof LIMITS): boolean {
    return width < LIMITS[limit];
  },
  /** How much larger than usual all is, for what is measured in pixels. */
  get scale(): number {
    return scale;
  },
  /** Measures now, and whenever the window or the text takes another size, until the returned function is called. */
  start(): () => void {
    // One rem long: the only thing that tells of another text size whoever set it, the app, the system or the web view.
    const ruler = document.createElement('div');
    ruler.className = 'ruler';
    ruler.ariaHidden = 'true';
    document.body.append(ruler);
    const observer = new ResizeObserver(measure);
    observer.observe(document.documentElement);
    observer.observe(ruler);
    measure();
    return () => {
      observer.disconnect();
      ruler.remove();
    };
  },
};
