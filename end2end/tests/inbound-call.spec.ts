import { expectAccessible } from "../fixtures/axe.js";
import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";
const SHOWN = "090-1234-5678";
const UNREGISTERED = "登録されていない顧客";

test.beforeEach(async ({ signIn, agent, desk, ear }) => {
  // The ear listens from before the page is opened.
  expect(ear).toBeDefined();
  await signIn(agent);
  await desk.bar.startShift();
});

test("S11 S12 S14 S15 S17 S18 S19 A27: an unknown caller is offered, answered and talked with", async ({
  agent,
  phone,
  desk,
  ear,
  page,
}) => {
  await phone.call(CUSTOMER, agent.number);
  await expect(desk.incoming.dialog).toContainText(UNREGISTERED);
  await expect(desk.incoming.dialog).toContainText(SHOWN);
  await expect(desk.incoming.dialog).toContainText(agent.queue);
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("呼出中"));
  await expect(page).toHaveTitle(`● ${UNREGISTERED} 着信`);
  await expectAccessible(page);
  await desk.incoming.answer();
  await expect(desk.inCall.dialog).toContainText(UNREGISTERED);
  await expect(desk.inCall.dialog).toContainText(SHOWN);
  await expect(desk.inCall.dialog.getByRole("timer")).toHaveText(/^\d+:\d\d$/);
  await expect(desk.bar.region).toContainText(UNREGISTERED);
  await expect(desk.bar.region).toContainText(SHOWN);
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await expect(desk.bar.state.getByRole("timer")).toHaveText(/^\d+:\d\d$/);
  await expect(desk.customer).toContainText(UNREGISTERED);
  await expect(desk.customer.getByRole("textbox", { name: "電話" })).toHaveValue(SHOWN);
  await expect(page).toHaveTitle(/^\d+:\d\d 通話中$/);
  await phone.expectToHear("voice");
  await ear.expectSound();
  await expectAccessible(page);
});

test("S14: a caller without a number is shown as such", async ({ agent, phone, desk }) => {
  await phone.call("", agent.number);
  await expect(desk.incoming.dialog).toContainText(UNREGISTERED);
  await expect(desk.incoming.dialog).toContainText("番号非通知");
});

test("S11: an agent who is not 待機 is not rung", async ({ agent, phone, desk }) => {
  await desk.bar.choose("昼休み");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("離席 昼休み"));
  await phone.call(CUSTOMER, agent.number);
  await phone.expectToHear("music");
  await expect(desk.incoming.dialog).toBeHidden();
});

test("S16 A3 A29: it rings until it is declined; then the customer hears music and the agent stays ready", async ({
  agent,
  phone,
  desk,
}) => {
  await phone.call(CUSTOMER, agent.number);
  await phone.expectToHear("ringback");
  await desk.incoming.decline();
  await expect(desk.incoming.dialog).toContainText("拒否しました");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
  await phone.expectToHear("music");
});

test("a customer who gives up while it rings is named in one grey line", async ({ agent, phone, desk }) => {
  await phone.call(CUSTOMER, agent.number);
  await expect(desk.incoming.answerButton).toBeVisible();
  await phone.hangUp();
  await expect(desk.incoming.answerButton).toBeHidden();
  await expect(desk.incoming.dialog).toContainText("お客様が切断しました");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
});

test("S4: the softphone works on every page and the call goes on", async ({ agent, phone, desk, ear, callsPage }) => {
  await desk.goTo("通話一覧");
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await desk.goTo("デスク");
  await expect(desk.customer).toContainText(UNREGISTERED);
  await desk.goTo("通話一覧");
  await expect(callsPage.row(SHOWN).first()).toContainText("通話中");
  await expect(desk.inCall.dialog).toContainText(SHOWN);
  await ear.expectSound();
  await phone.expectToHear("voice");
  await desk.bar.hangUpButton.click();
  await phone.expectToBe("idle");
});

test("S26 S28: 通話終了 ends the call and 後処理 begins", async ({ agent, phone, desk }) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await desk.inCall.end();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await phone.expectToBe("idle");
});

test("S27 S28: 切断 in the bar ends the call and 後処理 begins", async ({ agent, phone, desk }) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToBe("talking");
  await desk.bar.hangUpButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await phone.expectToBe("idle");
});

test("S28 S30 A6: after the customer hung up, leaving 後処理 warns, goes back, and goes on knowingly", async ({
  agent,
  phone,
  desk,
}) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToBe("talking");
  await phone.hangUp();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await desk.bar.choose("待機");
  await expect(desk.leave.dialog).toContainText("顧客情報と相談内容がまだ保存されていません。");
  await expect(desk.leave.goBackButton).toBeFocused();
  await desk.leave.goBackButton.click();
  await expect(desk.leave.dialog).toBeHidden();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await desk.bar.choose("待機");
  await desk.leave.goAnywayButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
});
