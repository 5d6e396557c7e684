import { expectAccessible } from "../fixtures/axe.js";
import { Api } from "../fixtures/api.js";
import { expect, test } from "../fixtures/index.js";
import { addCustomer, defineFields, openCustomer, someNumber, whoHas } from "../fixtures/records.js";
import { Desk } from "../pages/desk.js";
import { History, RecordForm } from "../pages/records.js";
import { SignInPage } from "../pages/sign-in.js";

const UNREGISTERED = "登録されていない顧客";

test.beforeEach(async ({ admin, page, ear }) => {
  expect(ear).toBeDefined();
  await defineFields(admin);
  // In a call the browser asks before the page goes.
  page.on("dialog", (dialog) => void dialog.accept());
});

test("S13 S17 S20 S21 S31 S32 S34: a known caller's record fills the pane, and is changed while both talk", async ({
  admin,
  agent,
  signIn,
  phone,
  desk,
  ear,
  page,
  say,
}) => {
  const number = someNumber();
  const name = `山田 太郎 ${number.dialled}`;
  await addCustomer(admin, name, [number.dialled], "常連のお客様");
  const record = new RecordForm(page, say, "顧客情報");
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(number.dialled, agent.number);
  await expect(desk.incoming.dialog).toContainText(name);
  await expect(desk.incoming.dialog).toContainText("常連のお客様");
  await expect(desk.incoming.dialog).toContainText("過去の対応なし");
  await desk.incoming.answer();
  await expect(desk.inCall.dialog).toContainText(name);
  await expect(record.field("氏名")).toHaveValue(name);
  await expect(record.field("メモ")).toHaveValue("常連のお客様");
  await expect(record.field("電話")).toHaveValue(number.shown);
  await phone.expectToHear("voice");
  await ear.expectSound();
  await record.field("メモ").fill("住所が変わった");
  await record.field("フリガナ").fill("ヤマダ タロウ");
  await expect(record.draft).toBeVisible();
  await expectAccessible(page);
  await record.saveButton.click();
  await expect(record.saved).toBeVisible();
  await expect(record.draft).toBeHidden();
  expect((await whoHas(admin, number.dialled)).map(({ name }) => name)).toEqual([name]);
  await phone.expectToHear("voice");
  await ear.expectSound();
});

test("S19 S22 S33 A27: of an unknown caller only the number is filled in; saving registers and names them everywhere", async ({
  admin,
  agent,
  signIn,
  phone,
  desk,
  page,
  say,
}) => {
  const number = someNumber();
  const record = new RecordForm(page, say, "顧客情報");
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(number.dialled, agent.number);
  await desk.incoming.answer();
  await expect(record.region.getByRole("heading", { name: UNREGISTERED })).toBeVisible();
  await expect(record.field("電話")).toHaveValue(number.shown);
  await expect(record.field("電話")).toHaveAttribute("readonly");
  await expect(record.field("氏名")).toHaveValue("");
  await expect(record.region).toContainText("保存すると新規登録されます");
  const name = `鈴木 一郎 ${number.dialled}`;
  await record.field("氏名").fill(name);
  await record.saveButton.click();
  await expect(record.saved).toBeVisible();
  await expect(desk.inCall.dialog).toContainText(name);
  await expect(desk.bar.region).toContainText(name);
  await expect(desk.centre).toContainText(name);
  expect((await whoHas(admin, number.dialled)).map(({ name }) => name)).toEqual([name]);
  // Saved again, it is the same customer.
  await record.field("メモ").fill("二度目");
  await record.saveButton.click();
  await expect(record.draft).toBeHidden();
  await expect(record.saved).toBeVisible();
  expect(await whoHas(admin, number.dialled)).toHaveLength(1);
});

test("S6 S10: the handset beside a number opens the dialler with it filled in; logged out it says why not", async ({
  admin,
  agent,
  signIn,
  desk,
  page,
  say,
}) => {
  const number = someNumber();
  const id = await addCustomer(admin, "電話 花子", [number.dialled]);
  const record = new RecordForm(page, say, "顧客情報");
  await signIn(agent);
  await openCustomer(page, id);
  await expect(record.handset).toHaveAttribute("aria-disabled", "true");
  await expect(record.handset).toHaveAccessibleDescription(/ログイン/);
  await desk.bar.startShift();
  await record.handset.click();
  await expect(desk.dialler.destination).toHaveValue(number.shown);
  await expect(desk.dialler.placeCallButton).toBeFocused();
  await page.keyboard.press("Escape");
  await desk.bar.openDialler();
  await expect(desk.dialler.destination).toHaveValue("");
});

test("A7: several customers with one number are chosen from, in the popup or in the pane; a new one stands last", async ({
  admin,
  agent,
  signIn,
  phone,
  desk,
  page,
  say,
}) => {
  const number = someNumber();
  const names = [`母 ${number.dialled}`, `娘 ${number.dialled}`];
  for (const name of names) await addCustomer(admin, name, [number.dialled]);
  const record = new RecordForm(page, say, "顧客情報");
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(number.dialled, agent.number);
  const offered = desk.incoming.dialog.getByRole("list", { name: "顧客情報" }).getByRole("button");
  await expect(offered).toHaveText([/娘/, /母/, /新しい顧客/]);
  // Answering does not need a choice.
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await record.region.getByRole("button", { name: /母/ }).click();
  await expect(record.field("氏名")).toHaveValue(names[0] ?? "");
  await expect(desk.inCall.dialog).toContainText(names[0] ?? "");
});

test("A7: none of those who have the number is a new customer", async ({
  admin,
  agent,
  signIn,
  phone,
  desk,
  page,
  say,
}) => {
  const number = someNumber();
  for (const name of ["父", "息子"]) await addCustomer(admin, name, [number.dialled]);
  const record = new RecordForm(page, say, "顧客情報");
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(number.dialled, agent.number);
  await desk.incoming.answer();
  await record.region.getByRole("button", { name: "新しい顧客" }).click();
  await expect(record.field("電話")).toHaveValue(number.shown);
  await record.field("氏名").fill("叔父");
  await record.saveButton.click();
  await expect(record.saved).toBeVisible();
  expect(await whoHas(admin, number.dialled)).toHaveLength(3);
});

test("A8: two agents in one record see each other, and in a conflict choose field by field", async ({
  admin,
  agent,
  signIn,
  browser,
  page,
  say,
}) => {
  const id = await addCustomer(admin, "山田", [someNumber().dialled], "はじめ");
  const other = await admin.addUser("高橋 次郎");
  const context = await browser.newContext();
  const second = await context.newPage();
  const signInPage = new SignInPage(second, say);
  await signInPage.open();
  await signInPage.signIn(other.login, other.password);
  await openCustomer(second, id);
  const theirs = new RecordForm(second, say, "顧客情報");
  await expect(theirs.field("氏名")).toHaveValue("山田");

  await signIn(agent);
  await openCustomer(page, id);
  const mine = new RecordForm(page, say, "顧客情報");
  await expect(mine.field("氏名")).toHaveValue("山田");
  await mine.field("氏名").fill("山本");
  await mine.field("フリガナ").fill("ヤマモト");
  await expect(theirs.region).toContainText("佐藤 花子さんが編集中");

  await theirs.field("氏名").fill("山川");
  await theirs.field("メモ").fill("二人目");
  await theirs.saveButton.click();
  await expect(theirs.saved).toBeVisible();
  // What I did not touch comes along; what I typed stays.
  await expect(mine.field("メモ")).toHaveValue("二人目");
  await expect(mine.field("氏名")).toHaveValue("山本");

  await mine.saveButton.click();
  await expect(mine.region).toContainText("高橋 次郎さんが先に保存しました。残す値を選んでください。");
  const clash = mine.choices("氏名");
  await expect(clash.getByRole("radio", { name: /山本 佐藤 花子/ })).not.toBeChecked();
  await expect(clash.getByRole("radio", { name: /山川 高橋 次郎/ })).not.toBeChecked();
  await expect(mine.region.getByRole("radiogroup")).toHaveCount(1);
  await expect(mine.saveButton).toHaveAttribute("aria-disabled", "true");
  await expectAccessible(page);
  await clash.getByRole("radio", { name: /山本/ }).check();
  await mine.saveButton.click();
  await expect(mine.saved).toBeVisible();
  await expect(theirs.field("氏名")).toHaveValue("山本");
  await expect(theirs.field("フリガナ")).toHaveValue("ヤマモト");
  await context.close();
});

test("A9 C5: what is typed survives a reload and another page, comes along to another PC, and only its writer discards it", async ({
  admin,
  agent,
  signIn,
  browser,
  desk,
  page,
  say,
}) => {
  const id = await addCustomer(admin, "下書 花子", [someNumber().dialled]);
  const record = new RecordForm(page, say, "顧客情報");
  await signIn(agent);
  await openCustomer(page, id);
  await record.field("メモ").pressSequentially("書きかけの");
  // Not a moment for the server to hear of it.
  await page.reload();
  await expect(record.field("メモ")).toHaveValue("書きかけの");
  await expect(record.draft).toBeVisible();
  await desk.goTo("通話一覧");
  await desk.goTo("デスク");
  await expect(record.field("メモ")).toHaveValue("書きかけの");

  const context = await browser.newContext();
  const second = await context.newPage();
  const signInPage = new SignInPage(second, say);
  await signInPage.open();
  await signInPage.signIn(agent.login, agent.password);
  await openCustomer(second, id);
  const elsewhere = new RecordForm(second, say, "顧客情報");
  await expect(elsewhere.field("メモ")).toHaveValue("書きかけの");
  await elsewhere.field("メモ").fill("書きかけの続き");
  await expect(record.field("メモ")).toHaveValue("書きかけの続き");

  await record.undoButton.click();
  await expect(record.field("メモ")).toHaveValue("");
  await expect(elsewhere.field("メモ")).toHaveValue("");
  await page.getByRole("status").getByRole("button", { name: "元に戻す" }).click();
  await expect(record.field("メモ")).toHaveValue("書きかけの続き");
  await record.undoButton.click();
  await expect(record.draft).toBeHidden();
  await page.reload();
  await expect(record.field("氏名")).toHaveValue("下書 花子");
  await expect(record.field("メモ")).toHaveValue("");
  await context.close();
});

test("A9: what is typed while the line is cut is kept, said to be kept, and sent afterwards", async ({
  admin,
  agent,
  line,
  browser,
  say,
}) => {
  const id = await addCustomer(admin, "断線 太郎", [someNumber().dialled]);
  const context = await browser.newContext({ baseURL: line.url });
  const page = await context.newPage();
  const record = new RecordForm(page, say, "顧客情報");
  const signInPage = new SignInPage(page, say);
  await signInPage.open();
  await signInPage.signIn(agent.login, agent.password);
  await openCustomer(page, id);
  await expect(record.field("氏名")).toHaveValue("断線 太郎");
  line.cut();
  await expect(new Desk(page, say).strip).toContainText("入力内容は保持されています");
  await record.field("メモ").fill("切れている間に");
  await expect(record.region).toContainText("入力内容はこの端末に保持されています");
  line.mend();
  await expect(record.region).not.toContainText("入力内容はこの端末に保持されています");
  const api = await Api.signedIn(line.url, agent);
  await expect.poll(async () => JSON.stringify(await api.call("drafts/all"))).toContain("切れている間に");
  await api.close();
  await context.close();
});

test("S37: a customer is found without any call, and the history stands in the centre", async ({
  admin,
  agent,
  signIn,
  page,
  desk,
  say,
}) => {
  const number = someNumber();
  const name = `検索 花子 ${number.dialled}`;
  await addCustomer(admin, name, [number.dialled]);
  const record = new RecordForm(page, say, "顧客情報");
  await signIn(agent);
  const search = record.region.getByRole("searchbox", { name: "顧客を検索" });
  await search.fill(number.shown.slice(-9));
  await record.region.getByRole("button", { name: new RegExp(name) }).click();
  await expect(record.field("氏名")).toHaveValue(name);
  await expect(page).toHaveURL(/\?customer=/);
  await expect(desk.centre.getByRole("heading", { name })).toBeVisible();
  await expect(new History(page, say).region).toContainText("対応履歴はまだありません");
  await expectAccessible(page);
});

test("S32: what is behind a mask is shown to whoever may look, and nobody else", async ({
  admin,
  agent,
  signIn,
  browser,
  page,
  say,
}) => {
  const id = await addCustomer(admin, "秘密 太郎", [someNumber().dialled]);
  const boss = await admin.addUser("部長", "supervisor");
  const record = new RecordForm(page, say, "顧客情報");
  await signIn(agent);
  await openCustomer(page, id);
  await record.field("会員証").fill("9876-5432-1234");
  await record.saveButton.click();
  await expect(record.field("会員証")).toHaveValue("•••• 1234");
  await expect(record.region.getByRole("button", { name: "値を表示" })).toBeHidden();

  const context = await browser.newContext();
  const second = await context.newPage();
  const signInPage = new SignInPage(second, say);
  await signInPage.open();
  await signInPage.signIn(boss.login, boss.password);
  await openCustomer(second, id);
  const theirs = new RecordForm(second, say, "顧客情報");
  await expect(theirs.field("会員証")).toHaveValue("•••• 1234");
  await theirs.region.getByRole("button", { name: "値を表示" }).click();
  await expect(theirs.field("会員証")).toHaveValue("9876-5432-1234");
  await context.close();
});
