import type { CallRules } from "../fixtures/api.js";
import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";

test("A5: limited after-call work counts down, can be extended, and becomes 待機 by itself", async ({
  admin,
  agent,
  signIn,
  desk,
  phone,
  page,
}) => {
  const rules = await admin.call<CallRules>("settings/call_rules");
  await admin.saveCallRules({ after_call_limit_seconds: 12, after_call_extension_seconds: 10 });
  try {
    await signIn(agent);
    await desk.bar.startShift();
    await phone.call(CUSTOMER, agent.number);
    await desk.incoming.answer();
    await phone.expectToHear("voice");
    await desk.inCall.end();
    await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
    const left = async (): Promise<number> => {
      const [minutes = "", seconds = ""] = (await desk.bar.state.getByRole("timer").innerText()).trim().split(":");
      return Number(minutes) * 60 + Number(seconds);
    };
    await expect.poll(left).toBeLessThan(12);
    expect(await left()).toBeGreaterThan(3);
    await desk.bar.extendButton.click();
    await expect.poll(left).toBeGreaterThan(12);
    // A reload loses none of it.
    await page.reload();
    await expect(desk.bar.extendButton).toBeVisible();
    await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"), { timeout: 30_000 });
    await expect(desk.leave.dialog).toBeHidden();
    // Ready in truth: the next call rings.
    await phone.call(CUSTOMER, agent.number);
    await expect(desk.incoming.answerButton).toBeVisible();
  } finally {
    await admin.saveCallRules(rules);
  }
});

test("A4 A5: the administrator sets full hold and the limit among the rules for calls", async ({
  admin,
  administrator,
  signIn,
  desk,
  settingsPage,
  page,
}) => {
  const rules = await admin.call<CallRules>("settings/call_rules");
  try {
    await signIn(administrator);
    await desk.goTo("設定");
    await settingsPage.open("通話");
    await page.getByLabel("保留中はお客様の声を聞こえなくする").check();
    await settingsPage.field("後処理の制限時間（秒）").fill("5");
    await settingsPage.save();
    await expect(settingsPage.summary).toBeVisible();
    await settingsPage.field("後処理の制限時間（秒）").fill("90");
    await settingsPage.field("「延長」で延ばす時間（秒）").fill("30");
    await settingsPage.save();
    await expect(settingsPage.saveRow).toContainText("保存しました");
    const saved = await admin.call("settings/call_rules");
    expect(saved).toMatchObject({
      full_hold: true,
      after_call_limit_seconds: 90,
      after_call_extension_seconds: 30,
    });
  } finally {
    await admin.saveCallRules(rules);
  }
});
