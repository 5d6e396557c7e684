import type { CallRules } from "../fixtures/api.js";
import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";

/** Counts the microphones that are open in this page, and remembers the most there ever were. */
async function countMicrophones(page: import("@playwright/test").Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const open = new Set<MediaStreamTrack>();
    const counted = { most: 0 };
    Object.assign(window, { microphonesOfTest: counted });
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wishes) => {
      const stream = await ask(wishes);
      for (const track of stream.getAudioTracks()) open.add(track);
      counted.most = Math.max(counted.most, [...open].filter(({ readyState }) => readyState === "live").length);
      return stream;
    };
  });
  return () =>
    page.evaluate(() => (window as unknown as { microphonesOfTest: { most: number } }).microphonesOfTest.most);
}

test("A1: ミュート sends true silence, by button and by Alt+M, through hold and reload, with one microphone", async ({
  agent,
  signIn,
  desk,
  phone,
  page,
}) => {
  const microphones = await countMicrophones(page);
  await signIn(agent);
  await desk.bar.startShift();
  await expect(desk.bar.muteButton).toHaveAttribute("aria-disabled", "true");
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");

  await desk.inCall.muteButton.click();
  await phone.expectToHear("silence");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("ミュート中"));
  await expect(desk.bar.muteButton).toHaveAttribute("aria-pressed", "true");
  await expect(desk.inCall.muteButton).toHaveAttribute("aria-pressed", "true");

  await desk.bar.holdButton.click();
  await phone.expectToHear("music");
  await expect(desk.bar.muteButton).toHaveAttribute("aria-pressed", "true");
  await desk.bar.resumeButton.click();
  await phone.expectToHear("silence");
  expect(await microphones()).toBe(1);

  page.on("dialog", (dialog) => void dialog.accept());
  await page.reload();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("ミュート中"));
  await phone.expectToHear("silence");
  await page.keyboard.press("Alt+M");
  await phone.expectToHear("voice");
  await expect(desk.bar.muteButton).toHaveAttribute("aria-pressed", "false");
  expect(await microphones()).toBe(1);

  // The next call begins with a voice.
  await page.keyboard.press("Alt+M");
  await phone.expectToHear("silence");
  await phone.hangUp();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await desk.bar.choose("待機");
  await desk.leave.goAnywayButton.click();
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
});

test("A4: in full hold the agent hears nothing, and nothing says otherwise", async ({
  admin,
  agent,
  signIn,
  desk,
  phone,
  ear,
}) => {
  const rules = await admin.call<CallRules>("settings/call_rules");
  try {
    await signIn(agent);
    await desk.bar.startShift();
    await phone.call(CUSTOMER, agent.number);
    await desk.incoming.answer();
    await phone.expectToHear("voice");
    await ear.expectSound();

    await desk.bar.holdButton.click();
    await expect(desk.bar.customerIsHeard).toBeVisible();
    await expect(desk.inCall.dialog.getByText("お客様の声は聞こえます")).toBeVisible();
    await ear.expectSound();
    await desk.bar.resumeButton.click();

    await admin.saveCallRules({ full_hold: true });
    await expect(desk.bar.holdButton).toBeVisible();
    await desk.bar.holdButton.click();
    await expect(desk.bar.resumeButton).toBeVisible();
    await phone.expectToHear("music");
    await ear.expectSilence();
    await expect(desk.bar.customerIsHeard).toBeHidden();
    await expect(desk.inCall.dialog.getByText("お客様には保留音が流れています")).toBeVisible();
    await desk.bar.resumeButton.click();
    await ear.expectSound();
    await phone.expectToHear("voice");
  } finally {
    await admin.saveCallRules(rules);
  }
});
