// The development loop: Trunk rebuilds the desk, Cargo the server, and a rebuilt server replaces the running one.
// What does not build leaves the running server as it is. Flags go on to `madoguchi serve --demo`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { join } from "node:path";

const target = process.env.CARGO_TARGET_DIR ?? join(process.cwd(), "target");
const flags = process.argv.slice(2);
// Editors save in bursts.
const SETTLE_MS = 300;

const start = (command, args) => spawn(command, args, { stdio: "inherit" });
const succeeds = async (process) => (await once(process, "exit"))[0] === 0;

let server;
let building = false;
let again = false;

async function stop() {
  if (!server || server.exitCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  await ended;
}

async function rebuild() {
  if (building) {
    again = true;
    return;
  }
  building = true;
  do {
    again = false;
    if (await succeeds(start("cargo", ["build", "--package", "server", "--bin", "madoguchi"]))) {
      await stop();
      server = start(join(target, "debug", "madoguchi"), ["serve", "--demo", "--drain-limit-seconds", "0", ...flags]);
    }
  } while (again);
  building = false;
}

// The server serves the desk from dist/: the first build has to be there before it starts.
if (!(await succeeds(start("trunk", ["build"])))) process.exit(1);
const desk = start("trunk", ["watch"]);
let timer;
for (const folder of ["server", "crates"]) {
  watch(folder, { recursive: true }, (_, file) => {
    if (!file || !/\.(rs|toml|sql)$/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(rebuild, SETTLE_MS);
  });
}
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, async () => {
    desk.kill();
    await stop();
    process.exit(0);
  });
}
await rebuild();
