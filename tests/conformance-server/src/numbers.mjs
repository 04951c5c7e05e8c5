/**
 * Phone numbers as the backend treats them. Conversations are looked up by
 * the raw user part of a WhatsApp id but stored under the contact's normalised
 * number; the two agree for Argentine ids only, which is why a second message
 * from anybody else is lost.
 */

/** The WhatsApp id a send is addressed to: digits get `@c.us`, ids stay. */
export function addressOf(to) {
  return to.includes('@') ? to : `${to.replace(/\D/g, '')}@c.us`;
}

/** What a conversation is looked up by: only `@c.us` is cut off. */
export function lookupKey(address) {
  return address.replace(/@c\.us$/, '');
}

/** The number a contact and its conversation are stored under. */
export function contactNumber(address) {
  const digits = address.replace(/\D/g, '');
  if (digits.startsWith('54')) return digits;
  if (digits.startsWith('9')) return `54${digits}`;
  return `549${digits}`;
}
