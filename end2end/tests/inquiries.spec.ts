import type { Page } from "@playwright/test";

import { expectAccessible } from "../fixtures/axe.js";
import { expect, test } from "../fixtures/index.js";
import { addCustomer, defineFields, openCustomer, someNumber } from "../fixtures/records.js";
import type { Desk } from "../pages/desk.js";
import { History, RecordForm } from "../pages/records.js";

const FIRST = "相談メモ";

test.beforeEach(async ({ admin, page, ear }) => {
  expect(ear).toBeDefined();
  await defineFields(admin);
  // In a call the browser asks before the page goes.
  page.on("dialog", (dialog) => void dialog.accept());
});

async function isWrappingUp(desk: Desk): Promise<void> {
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
}

async function isReady(desk: Desk): Promise<void> {
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
}

function forms(page: Page, say: ConstructorParameters<typeof RecordForm>[1]): [RecordForm, RecordForm] {
  return [new RecordForm(page, say, "顧客情報"), new RecordForm(page, say, "お問合せ情報")];
}

test("S28 S29 S35 S36 S37 A6: after the call record and inquiry are written, and 待機 then asks nothing", async ({
  agent,
  signIn,
  phone,
  desk,
  ear,
  page,
  say,
}) => {
  const number = someNumber();
  const [record, inquiry] = forms(page, say);
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(number.dialled, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await ear.expectSound();
  // Written during the call; stored once there is a customer.
  await inquiry.field(FIRST).fill("荷物がまだ届かない");
  await inquiry.choices("大分類").getByRole("radio", { name: "配送" }).click();
  await expect(inquiry.saveButton).toHaveAttribute("aria-disabled", "true");
  await expect(inquiry.region).toContainText("顧客情報を保存すると、お問合せを保存できます");
  await phone.hangUp();
  await isWrappingUp(desk);
  await expect(desk.bar.region).toContainText("相談内容が未入力");
  await record.field("氏名").fill("配送 花子");
  await record.saveButton.click();
  await expect(record.saved).toBeVisible();
  await inquiry.saveButton.click();
  await expect(inquiry.saved).toBeVisible();
  await expect(desk.bar.region).not.toContainText("相談内容が未入力");
  const history = new History(page, say);
  await expect(history.entry("荷物がまだ届かない")).toContainText("お問合せ");
  await expect(history.entry("着信")).toBeVisible();
  await expectAccessible(page);
  await desk.bar.choose("待機");
  await isReady(desk);
});

test("S30 A6: leaving 後処理 early warns only about what is missing, and offers three ways; nothing typed is lost", async ({
  admin,
  agent,
  signIn,
  phone,
  desk,
  page,
  say,
}) => {
  const number = someNumber();
  const name = `警告 太郎 ${number.dialled}`;
  const [record, inquiry] = forms(page, say);
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(number.dialled, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await phone.hangUp();
  await isWrappingUp(desk);
  await desk.bar.choose("待機");
  await expect(desk.leave.dialog).toContainText("顧客情報と相談内容がまだ保存されていません。");
  await expect(desk.leave.goBackButton).toBeFocused();
  const keepDraft = desk.leave.dialog.getByRole("button", { name: "下書きを残して待機" });
  await expect(keepDraft).toHaveAttribute("aria-disabled", "true");
  await page.keyboard.press("Enter");
  await expect(desk.leave.dialog).toBeHidden();
  await isWrappingUp(desk);
  await record.field("氏名").fill(name);
  await record.saveButton.click();
  await expect(record.saved).toBeVisible();
  await inquiry.field(FIRST).fill("書きかけの相談");
  await desk.bar.choose("待機");
  await expect(desk.leave.dialog).toContainText("相談内容がまだ保存されていません。");
  await expect(desk.leave.dialog).not.toContainText("顧客情報と");
  await expectAccessible(page);
  await keepDraft.click();
  await isReady(desk);
  // Found again among the drafts, about the same call.
  await record.region
    .getByRole("list", { name: "下書き" })
    .getByRole("button", { name: /お問合せ情報/ })
    .first()
    .click();
  await expect(record.field("氏名")).toHaveValue(name);
  await expect(inquiry.field(FIRST)).toHaveValue("書きかけの相談");
  await inquiry.saveButton.click();
  await expect(inquiry.saved).toBeVisible();

  await phone.call(number.dialled, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await phone.hangUp();
  await isWrappingUp(desk);
  await desk.bar.choose("待機");
  await desk.leave.goAnywayButton.click();
  await isReady(desk);
  await expect
    .poll(async () => JSON.stringify(await admin.call("settings/audit", { before: null })))
    .toContain("call.left_unwritten");
});

test("A28 S37: an inquiry is written with no call at all, with a file, and changed later from the history", async ({
  admin,
  agent,
  signIn,
  page,
  say,
}) => {
  const id = await addCustomer(admin, "来店 花子", [someNumber().dialled]);
  const [, inquiry] = forms(page, say);
  await signIn(agent);
  await openCustomer(page, id);
  await inquiry.field(FIRST).fill("窓口で領収書を希望");
  await inquiry.region
    .getByLabel("添付ファイル")
    .setInputFiles({ name: "領収書.txt", mimeType: "text/plain", buffer: Buffer.from("金 1,000円") });
  await expect(inquiry.region.getByRole("link", { name: "領収書.txtをダウンロード" })).toBeVisible();
  await inquiry.saveButton.click();
  await expect(inquiry.saved).toBeVisible();
  const link = inquiry.region.getByRole("link", { name: "領収書.txtをダウンロード" });
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  expect(download.suggestedFilename()).toBe("領収書.txt");

  await inquiry.region.getByRole("button", { name: "新しいお問合せ" }).click();
  await expect(inquiry.field(FIRST)).toHaveValue("");
  const entry = new History(page, say).entry("窓口で領収書を希望");
  await entry.getByRole("button").click();
  await expect(inquiry.field(FIRST)).toHaveValue("窓口で領収書を希望");
  await inquiry.region.getByRole("button", { name: "領収書.txtを外す" }).click();
  await inquiry.field(FIRST).fill("領収書は不要になった");
  await inquiry.saveButton.click();
  await expect(inquiry.saved).toBeVisible();
  await page.reload();
  await new History(page, say).entry("領収書は不要になった").getByRole("button").click();
  await expect(inquiry.field(FIRST)).toHaveValue("領収書は不要になった");
  await expect(link).toBeHidden();
});

test("A28: an inquiry is written for a past call", async ({ agent, signIn, phone, desk, page, say }) => {
  const number = someNumber();
  const [record, inquiry] = forms(page, say);
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(number.dialled, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  const name = `後日 太郎 ${number.dialled}`;
  await record.field("氏名").fill(name);
  await record.saveButton.click();
  await expect(record.saved).toBeVisible();
  await phone.hangUp();
  await isWrappingUp(desk);
  await desk.bar.choose("待機");
  await desk.leave.goAnywayButton.click();
  await isReady(desk);
  await record.region.getByRole("searchbox").fill(name);
  await record.region.getByRole("button", { name: new RegExp(name) }).click();
  const history = new History(page, say);
  await history.entry("着信").getByRole("button", { name: "お問合せを書く" }).click();
  await inquiry.field(FIRST).fill("あとから書いた");
  await inquiry.saveButton.click();
  await expect(inquiry.saved).toBeVisible();
  await history.entry("着信").getByRole("button", { expanded: false }).click();
  await expect(history.entry("着信")).toContainText("接続");
});

test("S29: when the call ends the first empty field has the focus; Ctrl+Enter saves, Ctrl+Shift+Enter saves and goes 待機", async ({
  admin,
  agent,
  signIn,
  phone,
  desk,
  page,
  say,
}) => {
  const number = someNumber();
  await addCustomer(admin, "鍵盤 花子", [number.dialled]);
  const [record, inquiry] = forms(page, say);
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(number.dialled, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await expect(inquiry.field(FIRST)).toBeVisible();
  await phone.hangUp();
  await expect(inquiry.field(FIRST)).toBeFocused();
  await page.keyboard.type("手を離さずに書く");
  await page.keyboard.press("Control+Enter");
  await expect(inquiry.saved).toBeVisible();
  await isWrappingUp(desk);
  await record.field("メモ").fill("キーだけで");
  await page.keyboard.press("Control+Shift+Enter");
  await isReady(desk);
  await expect(desk.leave.dialog).toBeHidden();
});

test("S29: whoever types elsewhere when the call ends keeps the focus there", async ({
  admin,
  agent,
  signIn,
  phone,
  desk,
  page,
  say,
}) => {
  const number = someNumber();
  await addCustomer(admin, "入力 太郎", [number.dialled]);
  const [record] = forms(page, say);
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(number.dialled, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  // The keys go wherever the focus is.
  const typed = "still typing here";
  await Promise.all([record.field("メモ").pressSequentially(typed, { delay: 400 }), phone.hangUp()]);
  await isWrappingUp(desk);
  await expect(record.field("メモ")).toHaveValue(typed);
  await expect(record.field("メモ")).toBeFocused();
});

test("S36: few choices are picked by number, many by typing in any kana; a parent narrows, and says what it emptied", async ({
  admin,
  agent,
  signIn,
  page,
  say,
}) => {
  const id = await addCustomer(admin, "分類 花子", [someNumber().dialled]);
  const [, inquiry] = forms(page, say);
  await signIn(agent);
  await openCustomer(page, id);
  const middle = inquiry.combobox("中分類");
  await expect(middle).toHaveAttribute("placeholder", "大分類を選ぶと選択できます");
  await inquiry.choices("大分類").getByRole("radio", { name: "請求" }).focus();
  await page.keyboard.press("1");
  await expect(inquiry.choices("大分類").getByRole("radio", { name: "請求" })).toBeChecked();
  await middle.click();
  await expect(page.getByRole("option")).toHaveText(["金額ちがい", "ポイント", "二重", "その他"]);
  await page.keyboard.type("ぽいん");
  await expect(page.getByRole("option")).toHaveText(["ポイント"]);
  await page.keyboard.press("Enter");
  await expect(middle).toHaveValue("ポイント");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("2");
  await expect(middle).toHaveValue("");
  await expect(inquiry.region).toContainText("大分類が変わったため空にしました。");
  await inquiry.saveButton.click();
  await expect(inquiry.saved).toBeVisible();
});

test("S92: record and inquiry share the left by a line that keys move, that is remembered, and that leaves room for both", async ({
  admin,
  agent,
  signIn,
  page,
  say,
}) => {
  const id = await addCustomer(admin, "配置 太郎", [someNumber().dialled]);
  const [record, inquiry] = forms(page, say);
  await signIn(agent);
  await openCustomer(page, id);
  const height = async (form: RecordForm) => Math.round((await form.region.boundingBox())?.height ?? 0);
  await expect(record.field("氏名")).toHaveValue("配置 太郎");
  expect(Math.abs((await height(record)) - (await height(inquiry)))).toBeLessThan(12);
  const line = page.getByRole("separator");
  await line.focus();
  await page.keyboard.press("End");
  expect(await height(inquiry)).toBeGreaterThanOrEqual(155);
  expect(await height(inquiry)).toBeLessThan(180);
  const high = await height(record);
  await page.reload();
  await expect(record.field("氏名")).toHaveValue("配置 太郎");
  expect(Math.abs((await height(record)) - high)).toBeLessThan(3);
});
