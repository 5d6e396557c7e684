import { expectAccessible } from "../fixtures/axe.js";
import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";
/** 待機, and not the end of 未待機. */
const READY = /(?<!未)待機/;
const UNREGISTERED = "登録されていない顧客";

test.beforeEach(async ({ signIn, agent, desk, ear }) => {
  // The ear listens from before the page is opened.
  expect(ear).toBeDefined();
  await signIn(agent);
  await desk.bar.startShift();
  await expect(desk.bar.state).toContainText(READY);
});

test("S11 S12 S14 S15 S17 S18 S19: an unknown caller is offered, answered and talked with", async ({
  agent,
  phone,
  desk,
  ear,
  page,
}) => {
  await phone.call(CUSTOMER, agent.number);
  await expect(desk.incoming.dialog).toContainText(UNREGISTERED);
  await expect(desk.incoming.dialog).toContainText("090-1234-5678");
  await expectAccessible(page);
  await desk.incoming.answerButton.click();
  await expect(desk.inCall.dialog).toContainText(UNREGISTERED);
  await expect(desk.inCall.dialog).toContainText("090-1234-5678");
  await expect(desk.inCall.dialog).toContainText(/\d:\d\d/);
  await expect(desk.bar.region).toContainText("090-1234-5678");
  await expect(desk.bar.state).toContainText(/通話中.*\d:\d\d/);
  await phone.expectToHear("voice");
  await ear.expectSound();
});

test("S16 A3: a declined call leaves the agent ready and goes back to waiting", async ({ agent, phone, desk }) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.declineButton.click();
  await expect(desk.incoming.dialog).toBeHidden();
  await expect(desk.bar.state).toContainText(READY);
  await phone.expectToHear("music");
});

test("S23 S24 S25: held, the customer hears music while the agent still hears the customer", async ({
  agent,
  phone,
  desk,
  ear,
}) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answerButton.click();
  await phone.expectToHear("voice");
  await desk.bar.holdButton.click();
  await expect(desk.bar.customerIsHeard).toBeVisible();
  await phone.expectToHear("music");
  await phone.speak(true);
  await ear.expectSound();
  await desk.bar.resumeButton.click();
  await phone.expectToHear("voice");
});

test("S26 S28: 通話終了 ends the call and 後処理 begins", async ({ agent, phone, desk }) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answerButton.click();
  await desk.inCall.endButton.click();
  await expect(desk.bar.state).toContainText("後処理");
  await phone.expectToBe("idle");
});

test("S27 S28: 切断 in the bar ends the call and 後処理 begins", async ({ agent, phone, desk }) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answerButton.click();
  await phone.expectToBe("talking");
  await desk.bar.hangUpButton.click();
  await expect(desk.bar.state).toContainText("後処理");
  await phone.expectToBe("idle");
});

test("S28: the customer hangs up and 後処理 begins", async ({ agent, phone, desk }) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answerButton.click();
  await phone.expectToBe("talking");
  await phone.hangUp();
  await expect(desk.bar.state).toContainText("後処理");
});

test("S30 A6: leaving 後処理 warns, and goes on knowingly", async ({ agent, phone, desk }) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answerButton.click();
  await desk.inCall.endButton.click();
  await expect(desk.bar.state).toContainText("後処理");
  await desk.bar.choose("待機");
  await expect(desk.leave.dialog).toContainText("顧客情報と相談内容がまだ保存されていません。");
  await expect(desk.leave.goBackButton).toBeFocused();
  await desk.leave.goAnywayButton.click();
  await expect(desk.bar.state).toContainText(READY);
});
