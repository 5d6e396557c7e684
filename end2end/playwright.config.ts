import { defineConfig, devices } from "@playwright/test";
import { availableParallelism } from "node:os";

import { MICROPHONE_HZ, microphoneFile } from "./fixtures/microphone.js";

/** Every test has the same browser: Chromium as Debian packages it, with a microphone that plays a tone. */
const chromium = {
  ...devices["Desktop Chrome"],
  viewport: { width: 1280, height: 800 },
  locale: "ja-JP",
  timezoneId: "Asia/Tokyo",
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-audio-capture=${microphoneFile(MICROPHONE_HZ)}`,
      "--autoplay-policy=no-user-gesture-required",
      // Host candidates as addresses instead of mDNS names, which would be multicast on the network.
      "--disable-features=WebRtcHideLocalIpsWithMdns",
    ],
  },
};

export default defineConfig({
  fullyParallel: true,
  // One server and one browser a core, and no more than two: sound must not stutter.
  workers: Math.min(2, availableParallelism()),
  // A test that fails now and then is broken.
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: process.env.CI ? "list" : "line",
  outputDir: "test-results",
  use: {
    ...chromium,
    actionTimeout: 10_000,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "chromium", testDir: "tests" },
    // What takes minutes: `make test-long`.
    { name: "long", testDir: "long", timeout: 180_000 },
    { name: "shots", testDir: "shots" },
  ],
});
