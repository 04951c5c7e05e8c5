/** A file in a folder, written as the folder's own system writes paths. */
export function fileIn(folder: string, name: string): string {
  const slash = folder.includes('\\') ? '\\' : '/';
  return folder.endsWith(slash) ? folder + name : folder + slash + name;
}
