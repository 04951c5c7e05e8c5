/** ISO 8601 UTC with milliseconds, or null: how every date travels. */
export function iso(milliseconds) {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}

/** Database times have whole seconds. */
export function wholeSecond(milliseconds) {
  return Math.floor(milliseconds / 1000) * 1000;
}

/** Resolves after `milliseconds`. */
export function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
