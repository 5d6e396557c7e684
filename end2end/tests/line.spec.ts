import { expect, demoAccount, test as base } from "../fixtures/index.js";
import { Server } from "../fixtures/server.js";
import { expectNothingMoved, forgetLayout, watchLayout } from "../fixtures/layout.js";

const CUSTOMER = "09012345678";

// The desk is opened through a wire that can be cut.
const test = base.extend({ baseURL: async ({ line }, use) => use(line.url) });

test("C4 S28: a cut during a call shows only the strip, the call goes on, and what was missed is caught up", async ({
  agent,
  signIn,
  desk,
  phone,
  ear,
  line,
  page,
}) => {
  expect(ear).toBeDefined();
  await watchLayout(page);
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await forgetLayout(page);
  line.cut();
  await expect(desk.strip).toHaveText("再接続中… 入力内容は保持されています");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("再接続中"));
  await expect(desk.bar.region).toContainText("通話は維持されています");
  await expect(desk.inCall.dialog).toBeVisible();
  await expectNothingMoved(page);
  await phone.expectToHear("voice");
  await ear.expectSound();
  // This the desk cannot know yet.
  await phone.hangUp();
  await expect(desk.inCall.dialog).toBeVisible();
  line.mend();
  await expect(desk.strip).toHaveText("再接続しました。失われた内容はありません。");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await expect(desk.centre).toContainText("お客様が切断");
  await expect(desk.strip).toBeHidden();
});

test("C4: what was typed stays over a cut, and a call that rings afterwards is offered", async ({
  agent,
  signIn,
  desk,
  phone,
  callsPage,
  line,
}) => {
  await signIn(agent);
  await desk.bar.startShift();
  await desk.goTo("通話一覧");
  await callsPage.search.fill("0901");
  line.cut();
  await expect(desk.strip).toContainText("再接続中…");
  await callsPage.search.pressSequentially("23");
  line.mend();
  await expect(desk.strip).toContainText("再接続しました");
  await expect(callsPage.search).toHaveValue("090123");
  await phone.call(CUSTOMER, agent.number);
  await expect(desk.incoming.dialog).toBeVisible();
});

test("C4: after a restart of the server the desk takes a snapshot and works on", async ({ browser }, {
  parallelIndex,
}) => {
  const server = await Server.prepare({ demo: true, worker: parallelIndex, spare: true });
  await server.start();
  const account = await demoAccount(server.url, "agent");
  const context = await browser.newContext({ baseURL: server.url, locale: "ja-JP" });
  const page = await context.newPage();
  await page.goto("/");
  await page.getByRole("button", { name: new RegExp(account.name) }).click();
  const bar = page.getByRole("region", { name: "ソフトフォン" });
  await bar.getByRole("button", { name: "ログイン", exact: true }).click();
  await expect(bar.getByRole("button", { name: "電話の状態" })).toHaveAccessibleName(/未待機/);
  await server.stop();
  const strip = page.getByRole("status").filter({ hasText: /再接続中|再接続しました/ });
  await expect(strip).toContainText("再接続中…");
  await server.start();
  await expect(strip).toContainText("再接続しました");
  await expect(bar.getByRole("button", { name: "電話の状態" })).toHaveAccessibleName(/未待機/);
  await expect(bar.getByRole("button", { name: "発信", exact: true })).toBeEnabled();
  await context.close();
  await server.destroy();
});
