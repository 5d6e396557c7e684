import type { Page } from "@playwright/test";

import type { CallRules } from "../fixtures/api.js";
import { expect, test } from "../fixtures/index.js";
import { expectNothingMoved, forgetLayout, watchLayout } from "../fixtures/layout.js";

const CUSTOMER = "09012345678";

test("S12 S15: ringing takes nothing from the keyboard, and Alt+A answers with the caret left where it was", async ({
  agent,
  signIn,
  desk,
  phone,
  callsPage,
  page,
}) => {
  await signIn(agent);
  await desk.bar.startShift();
  await desk.goTo("通話一覧");
  await callsPage.search.pressSequentially("0312");
  await page.keyboard.press("ArrowLeft");
  await phone.call(CUSTOMER, agent.number);
  await expect(desk.incoming.answerButton).toBeVisible();
  await page.keyboard.type("9");
  await expect(callsPage.search).toHaveValue("03192");
  await page.keyboard.press("Alt+KeyA");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await expect(callsPage.search).toBeFocused();
  await page.keyboard.type("8");
  await expect(callsPage.search).toHaveValue("031982");
  await page.keyboard.press("Alt+KeyP");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("保留中"));
  await page.keyboard.press("Alt+KeyP");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await page.keyboard.type("7");
  await expect(callsPage.search).toHaveValue("0319872");
});

test("S23: nothing moves on the desk from the first ring to the end of 後処理", async ({
  agent,
  signIn,
  desk,
  phone,
  page,
}) => {
  await watchLayout(page);
  await signIn(agent);
  await desk.bar.startShift();
  await forgetLayout(page);
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await desk.bar.holdButton.click();
  await phone.expectToHear("music");
  await desk.bar.resumeButton.click();
  await phone.expectToHear("voice");
  // The timer gains a digit's worth of seconds.
  await expect(desk.inCall.dialog.getByRole("timer").first()).toHaveText(/^0:1\d$/, { timeout: 15_000 });
  await phone.hangUp();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await desk.bar.choose("待機");
  await desk.leave.goAnywayButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
  await expectNothingMoved(page);
});

/** How many microphones the page holds open, from now on. */
async function watchMicrophones(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const opened: MediaStreamTrack[] = [];
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      opened.push(...stream.getAudioTracks());
      return stream;
    };
    Object.assign(window, {
      openForTest: () => opened.filter(({ readyState }) => readyState === "live").length,
    });
  });
  return () => page.evaluate(() => (window as unknown as { openForTest: () => number }).openForTest());
}

test("A31: the microphone is open while 待機, and let go in 未待機 and 離席", async ({ agent, signIn, desk, page }) => {
  const open = await watchMicrophones(page);
  await signIn(agent);
  await desk.bar.logIn();
  await expect.poll(open).toBe(0);
  await desk.bar.choose("待機");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
  await expect.poll(open).toBe(1);
  await desk.bar.choose("昼休み");
  await expect.poll(open).toBe(0);
  await desk.bar.choose("待機");
  await expect.poll(open).toBe(1);
  await desk.bar.choose("未待機");
  await expect.poll(open).toBe(0);
});

test("A31: a setting keeps the microphone closed between calls", async ({
  admin,
  agent,
  signIn,
  desk,
  phone,
  page,
}) => {
  const open = await watchMicrophones(page);
  const rules = await admin.call<CallRules>("settings/call_rules");
  await admin.saveCallRules({ microphone_only_in_calls: true });
  try {
    await signIn(agent);
    await desk.bar.logIn();
    await desk.bar.choose("待機");
    await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
    await expect.poll(open).toBe(0);
    await phone.call("09012345678", agent.number);
    await desk.incoming.answer();
    await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
    await expect.poll(open).toBe(1);
    await phone.hangUp();
    await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
    await expect.poll(open).toBe(0);
  } finally {
    // One set of rules for the whole server, which other tests use after this one.
    await admin.saveCallRules(rules);
  }
});

test("C1: without a microphone nobody goes 待機, and the bar says why", async ({ agent, signIn, desk, page }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
  });
  await signIn(agent);
  await desk.bar.logIn();
  await expect(desk.bar.region).toContainText("マイクが許可されていません");
  await expect(desk.bar.region.getByRole("button", { name: "許可する" })).toBeVisible();
  await desk.bar.state.click();
  await expect(page.getByRole("menuitemradio", { name: /^待機/ })).toBeDisabled();
});
