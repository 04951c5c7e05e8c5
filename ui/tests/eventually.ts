import { vi } from 'vitest';

/** Waits until a check passes; long enough for a machine that compiles beside the tests. */
export const eventually = (check: () => void): Promise<void> => vi.waitFor(check, 10_000);
