import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";
const SHOWN = "090-1234-5678";

test("A3: an unanswered call makes the agent 未待機 with its cause, and one press goes back", async ({
  admin,
  signIn,
  desk,
  phone,
}) => {
  const agent = await admin.addAgent({ ring_seconds: 5 });
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(CUSTOMER, agent.number);
  await expect(desk.incoming.answerButton).toBeVisible();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("未待機 不在着信"));
  await phone.expectToHear("music");
  // While the caller waits on, coming back would ring at once.
  await phone.hangUp();
  await desk.bar.backToReadyButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
  // The next call rings as ever.
  await phone.call(CUSTOMER, agent.number);
  await expect(desk.incoming.answerButton).toBeVisible();
});

test("A10 A29: with nobody ready the customer hears music, and rings the moment somebody is ready", async ({
  agent,
  signIn,
  desk,
  phone,
}) => {
  await phone.call(CUSTOMER, agent.number);
  await phone.expectToHear("music");
  await signIn(agent);
  await desk.bar.logIn();
  await expect(desk.incoming.dialog).toBeHidden();
  await desk.bar.choose("待機");
  await desk.incoming.answer();
  await phone.expectToHear("voice");
});

test("A29 A30: a queue that never answers by itself rings on", async ({ admin, signIn, desk, phone }) => {
  const agent = await admin.addAgent({ may_answer: false });
  await signIn(agent);
  await phone.call(CUSTOMER, agent.number);
  await phone.expectToHear("ringback");
  await phone.expectToBe("calling");
  await desk.bar.logIn();
  await desk.bar.choose("待機");
  await desk.incoming.decline();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
  await phone.expectToBe("calling");
  await phone.expectToHear("ringback");
});

test("C6 A34: the call's log tells every step with its time, and why it rang here", async ({
  agent,
  signIn,
  desk,
  phone,
  callsPage,
}) => {
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await desk.bar.holdButton.click();
  await phone.expectToHear("music");
  await desk.bar.resumeButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await desk.inCall.end();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await expect(desk.centre).toContainText("待機中の1名のうち、最も長く待機していました");
  await desk.goTo("通話一覧");
  await callsPage.row(SHOWN).first().click();
  await expect(callsPage.detail.getByRole("listitem")).toHaveText([
    /通話を開始/,
    new RegExp(`${agent.queue}で待機`),
    /佐藤 花子さんを呼出.*待機中の1名のうち、最も長く待機していました/s,
    /佐藤 花子さんと接続/,
    /佐藤 花子さんが保留/,
    /佐藤 花子さんが保留解除/,
    /終了: オペレーターが切断/,
  ]);
});
