/** The code as a picture, if it is one: an address of any other kind would be fetched, and is not shown. */
export function qrPicture(qr: string | null): string | null {
  return qr !== null && /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/=]+$/.test(qr) ? qr : null;
}
