// Bundles style/main.css and what it imports into one minified file, which Trunk then hashes and links.
//
// Browsers of the supported age know light-dark(), oklch() and nesting, so nothing is rewritten for older ones.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "lightningcss";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const out = join(root, "target", "style", "main.css");

const { code, warnings } = bundle({
  filename: join(root, "style", "main.css"),
  minify: process.env.TRUNK_PROFILE !== "debug",
});
for (const warning of warnings) {
  console.error(`${warning.loc.filename}:${warning.loc.line}: ${warning.message}`);
}
if (warnings.length > 0) process.exit(1);

mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, code);
