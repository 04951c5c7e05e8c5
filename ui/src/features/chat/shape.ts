/** The box of a picture in a conversation: its own shape within bounds, known before it is drawn. */
export interface Shape {
  /** In CSS pixels at the usual size of text. */
  width: number;
  height: number;
}

const WIDEST = 250;
const HIGHEST = 320;
/** A thin strip still has room for a finger. */
const NARROWEST = 96;
const LOWEST = 72;

/** While nothing is known: as most phones take pictures across. */
export const PLACEHOLDER: Shape = { width: WIDEST, height: 188 };

/** Never larger than the picture itself, except for the least size. */
export function shapeOf(width: number, height: number): Shape {
  const scale = Math.min(1, WIDEST / width, HIGHEST / height);
  return {
    width: Math.round(Math.max(NARROWEST, width * scale)),
    height: Math.round(Math.max(LOWEST, height * scale)),
  };
}

/** The shape of what has a size; null while that is not known. */
export const knownShape = (of: { width: number | null; height: number | null } | null | undefined): Shape | null =>
  of?.width && of.height ? shapeOf(of.width, of.height) : null;

export const sameShape = (a: Shape, b: Shape): boolean => a.width === b.width && a.height === b.height;
