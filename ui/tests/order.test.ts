import { describe, expect, test } from 'vitest';
import { coalesced, Latest } from '$lib/state/order';

function later<T>() {
  let settle!: (value: T) => void;
  let fail!: (reason: Error) => void;
  const promise = new Promise<T>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { promise, settle, fail };
}

describe('late answers', () => {
  test('an answer that comes after a newer one is dropped', async () => {
    const latest = new Latest();
    const [first, second] = [later<string>(), later<string>()];
    const used: string[] = [];
    const use = (answer: string) => void used.push(answer);
    const asked = [latest.apply(() => first.promise, use), latest.apply(() => second.promise, use)];

    second.settle('new');
    first.settle('old');

    expect(await Promise.all(asked)).toEqual([false, true]);
    expect(used).toEqual(['new']);
  });

  test('answers in order are all used', async () => {
    const latest = new Latest();
    const used: number[] = [];
    for (const n of [1, 2, 3]) await latest.apply(() => Promise.resolve(n), (answer) => void used.push(answer));
    expect(used).toEqual([1, 2, 3]);
  });

  test('abandoned questions change nothing, whether they succeed or fail', async () => {
    const latest = new Latest();
    const [good, bad] = [later<string>(), later<string>()];
    const heard: unknown[] = [];
    const asked = [good, bad].map(({ promise }) =>
      latest.apply(() => promise, (answer) => void heard.push(answer), (thrown) => void heard.push(thrown)),
    );

    latest.reset();
    good.settle('old');
    bad.fail(new Error('old'));
    await Promise.all(asked);

    expect(heard).toEqual([]);
  });

  test('a failure that nobody takes is thrown', async () => {
    const asked = new Latest().apply(() => Promise.reject(new Error('disk')), () => {});
    await expect(asked).rejects.toThrow('disk');
  });
});

test('a coalesced run is never doubled, and runs once more for all who asked meanwhile', async () => {
  const gates = [later<void>(), later<void>(), later<void>()];
  let runs = 0;
  const ask = coalesced(() => gates[runs++]?.promise ?? Promise.resolve());

  const asked = [ask(), ask(), ask()];
  expect(runs).toBe(1);
  for (const gate of gates) gate.settle();
  await Promise.all(asked);

  expect(runs).toBe(2);
});
