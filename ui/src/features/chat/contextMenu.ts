/**
 * Opens the context menu of the focused row from the keyboard, at the row. Web views differ in what the menu key and
 * Shift F10 do by themselves, so both are answered here.
 */
export function byKeyboard(event: KeyboardEvent, rows: string): void {
  if (event.key !== 'ContextMenu' && !(event.key === 'F10' && event.shiftKey)) return;
  const row = (event.target as HTMLElement).closest<HTMLElement>(rows);
  if (!row) return;
  event.preventDefault();
  event.stopPropagation();
  const { left, top, height } = row.getBoundingClientRect();
  row.dispatchEvent(
    new MouseEvent('contextmenu', {
      bubbles: true,
      cancelable: true,
      button: 2,
      clientX: left + 24,
      clientY: top + Math.min(height, 40),
    }),
  );
}
