/**
 * Whether a number that is being typed is on its way to another country: the server garbles those (its replies may
 * land in another conversation), which the operator should know before writing. The core has the last word.
 */
export function foreign(typed: string): boolean {
  const digits = typed.replace(/\D/g, '').replace(/^00/, '');
  const international = /^\s*(\+|00)/.test(typed);
  if (international) return digits.length >= 2 && !digits.startsWith('54');
  return digits.length > 11 && !digits.startsWith('54');
}
