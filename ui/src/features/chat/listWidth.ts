/** The list can be made this narrow and this wide, in pixels at the usual size of text: it grows with the text. */
export const LIST_LIMITS = [240, 400] as const;

const KEY = 'condorito.list-width';

/** The width the operator gave the list, in the same pixels; null for the usual one. */
export function rememberedWidth(): number | null {
  const width = Number(localStorage.getItem(KEY) ?? NaN);
  return width >= LIST_LIMITS[0] && width <= LIST_LIMITS[1] ? width : null;
}

export function rememberWidth(width: number | null): void {
  if (width === null) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, String(width));
}
