import type { Locator } from "@playwright/test";

/** For so long after a button appears or changes its meaning, presses meant for what was there before are ignored. */
const GUARD_MS = 300;

/** Presses a guarded button as a hand does that has seen it: once the guard is over, by the page's own clock. */
export async function pressSeen(button: Locator): Promise<void> {
  await button.evaluate(async (_, guard) => {
    const seen = performance.now();
    while (performance.now() - seen < guard) await new Promise(requestAnimationFrame);
  }, GUARD_MS);
  await button.click();
}
