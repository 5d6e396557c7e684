// Shrinks the built module with the pinned wasm-opt.
//
// The one from node_modules is called by its path, never by name: an old wasm-opt on the PATH (Debian's 108) ends
// with success and leaves a module that never starts. A development build is left as it is.
import { execFileSync } from "node:child_process";
import { readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const staging = process.env.TRUNK_STAGING_DIR;
if (!staging) throw new Error("TRUNK_STAGING_DIR is not set: this script is run by Trunk after a build");
if (process.env.TRUNK_PROFILE !== "release") process.exit(0);

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const wasmOpt = join(root, "node_modules", "binaryen", "bin", "wasm-opt");

for (const name of readdirSync(staging).filter((file) => file.endsWith(".wasm"))) {
  const before = join(staging, name);
  const after = `${before}.small`;
  // The features that rustc turns on by default for wasm32-unknown-unknown since 1.82 and 1.87; others stay off.
  const features = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
  ];
  execFileSync(
    process.execPath,
    [wasmOpt, "-Oz", ...features, "--strip-debug", "--strip-producers", before, "-o", after],
    {
      stdio: "inherit",
    },
  );
  const [from, to] = [statSync(before).size, statSync(after).size];
  renameSync(after, before);
  console.error(`wasm-opt: ${name} ${from} → ${to} bytes`);
}
