import type { Locator } from "@playwright/test";

import { expect, test } from "../fixtures/index.js";
import { LossyCustomer } from "../fixtures/lossy-customer.js";
import type { Desk } from "../pages/desk.js";

const CUSTOMER = "09012345678";
/** It is measured every 5 s, and first after that time. */
const MEASURED = { timeout: 20_000 };

test.beforeEach(async ({ agent, signIn, desk }) => {
  await signIn(agent);
  await desk.bar.startShift();
});

/** Goes by the Tab key from the state to what the bar says of the line. */
async function tabToTheLine(desk: Desk): Promise<void> {
  await desk.bar.state.focus();
  for (let n = 0; n < 10; n += 1) {
    await desk.bar.state.page().keyboard.press("Tab");
    if (await desk.bar.line.evaluate((line) => line === document.activeElement)) return;
  }
  throw new Error("the line is not reached by the Tab key");
}

/** What is said beside the line to whoever asks: both sides. The popup names the worse one alone. */
function tipOf(desk: Desk, customer: string): Locator {
  return desk.bar.state.page().getByText(new RegExp(`^ご自身のネットワーク: .+ / お客様側の回線: ${customer}$`));
}

test("whoever speaks over a lossy line is told whose side it is, in words and by keyboard alone", async ({
  agent,
  desk,
  demoServer,
  page,
}) => {
  const customer = await LossyCustomer.calls(demoServer.sip, agent.number.replace("+81", "0"), 8);
  await desk.incoming.answer();
  await expect(desk.bar.region.getByText("不安定")).toBeVisible(MEASURED);
  await expect(desk.inCall.dialog.getByText("お客様側の回線: 不安定")).toBeVisible();
  await tabToTheLine(desk);
  const tip = tipOf(desk, "不安定");
  await expect(tip).toBeVisible();
  await expect(desk.bar.line).toHaveAccessibleName(/お客様側の回線: 不安定/);
  await page.screenshot({ path: test.info().outputPath("quality.png") });
  await page.keyboard.press("Escape");
  await expect(tip).toBeHidden();
  await desk.bar.hangUpButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await customer.destroy();
});

test("of a good line nothing is marked, and who asks is told that both sides are good", async ({
  agent,
  desk,
  phone,
}) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await expect(desk.bar.line).toHaveAccessibleName(/お客様側の回線: 良好/, MEASURED);
  await tabToTheLine(desk);
  await expect(tipOf(desk, "良好")).toBeVisible();
  await expect(desk.bar.region.getByText("不安定")).toBeHidden();
  await expect(desk.inCall.dialog.getByText("不安定")).toBeHidden();
});
