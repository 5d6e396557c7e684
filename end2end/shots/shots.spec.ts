import { join } from "node:path";

import { tour } from "./tour.js";

/** Below the checkout, and never committed. */
const FOLDER = join(import.meta.dirname, "../../shots");
const WIDTHS = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];

for (const language of ["ja", "en", "ko"] as const) {
  tour(language, async (page, name) => {
    for (const colorScheme of ["light", "dark"] as const) {
      for (const size of WIDTHS) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.setViewportSize(size);
        await page.screenshot({ path: join(FOLDER, name, `${language}-${colorScheme}-${size.width}.png`) });
      }
    }
  });
}
