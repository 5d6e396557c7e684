import { test } from "../fixtures/index.js";
import { tour } from "../shots/tour.js";

/** A page on which nothing is drawn takes less than this, in bytes. */
const EMPTY = 12_000;

/** Every screen and state once, in dark: what cannot be drawn, or is drawn empty, fails. All of them: `make shots`. */
test.describe("@shots-small", () => {
  tour("ja", async (page, name) => {
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    const picture = await page.screenshot({ path: test.info().outputPath(`${name}.png`) });
    if (picture.length < EMPTY) throw new Error(`${name} is drawn empty`);
  });
});
