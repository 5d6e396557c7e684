// Puts the icons in use into one sprite, public/icons.svg.
//
// The list is the `icons!` table in app/src/ui/icon_names.rs: `Variant = "name"` is Phosphor's regular weight,
// `Variant = "name-fill"` its filled one. Run it by hand after changing the table (`npm run icons`) and commit the
// sprite: building the desk does not need Phosphor.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const table = readFileSync(join(root, "app", "src", "ui", "icon_names.rs"), "utf8");
const names = [...table.matchAll(/^ {4}[A-Z]\w* = "([a-z-]+)",/gm)].map((match) => match[1]).sort();
if (names.length === 0) throw new Error("no icons found in app/src/ui/icon_names.rs");

const symbols = names.map((name) => {
  const weight = name.endsWith("-fill") ? "fill" : "regular";
  const file = join(root, "node_modules", "@phosphor-icons", "core", "assets", weight, `${name}.svg`);
  const svg = readFileSync(file, "utf8");
  const inner = svg.match(/^<svg[^>]*viewBox="0 0 256 256"[^>]*>(.*)<\/svg>\s*$/s)?.[1];
  if (!inner) throw new Error(`${file} is not drawn as expected`);
  return `<symbol id="${name}" viewBox="0 0 256 256" fill="currentColor">${inner}</symbol>`;
});
const licence = "Phosphor Icons 2.1.1, https://phosphoricons.com, Copyright (c) 2020-2023 Phosphor Icons, MIT License";
writeFileSync(
  join(root, "public", "icons.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg"><!-- ${licence}; full text in icons-licence.txt -->\n${symbols.join("\n")}\n</svg>\n`,
);
console.log(`${names.length} icons`);
