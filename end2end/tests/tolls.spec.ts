import { expect, test } from "../fixtures/index.js";
import { SettingsPage } from "../pages/settings.js";
import { SignInPage } from "../pages/sign-in.js";

test("T2: a number abroad is refused at the dialler in plain words, and no call goes out", async ({
  signIn,
  agent,
  desk,
  ear,
  phone,
}) => {
  expect(ear).toBeDefined();
  await signIn(agent);
  await desk.bar.startShift();
  await desk.bar.openDialler();
  await desk.dialler.destination.fill("+82 2-312-3456");
  await desk.dialler.placeCallButton.click();
  await expect(desk.dialler.dialog.getByRole("alert")).toContainText("この番号への発信は許可されていません。国際電話");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
  await phone.expectToBe("idle");
  await desk.dialler.destination.fill("0990-123-456");
  await desk.dialler.placeCallButton.click();
  await expect(desk.dialler.dialog.getByRole("alert")).toContainText("発信を拒否する番号に登録されています");
});

test("the rules are set up in 発信制限: wrong fields are named, what is saved is audited", async ({
  signIn,
  administrator,
  desk,
  settingsPage,
  page,
}) => {
  await signIn(administrator);
  await desk.goTo("設定");
  await settingsPage.sections.getByRole("link", { name: "発信制限" }).click();
  await expect(settingsPage.field("拒否する番号の先頭")).toHaveValue(/^0990\n0570\n/);
  await expect(settingsPage.field("1人の同時発信数")).toHaveValue("2");
  await settingsPage.field("1人の同時発信数").fill("0");
  await settingsPage.field("許可する番号の先頭").fill("これは番号ではない");
  await settingsPage.save();
  await expect(settingsPage.summary).toContainText("入力内容を確認してください (2件)");
  await expect(settingsPage.field("1人の同時発信数")).toHaveAccessibleDescription(/1から10までの値/);
  await settingsPage.field("1人の同時発信数").fill("2");
  await settingsPage.field("許可する番号の先頭").fill("＋4420");
  await settingsPage.save();
  await expect(settingsPage.saveRow).toContainText("保存しました");
  await expect(settingsPage.field("許可する番号の先頭")).toHaveValue("+4420");
  await settingsPage.field("許可する番号の先頭").fill("");
  await settingsPage.save();
  await expect(settingsPage.saveRow).toContainText("保存しました");
  await settingsPage.open("操作履歴");
  await expect(page.getByRole("row").filter({ hasText: "発信制限" }).first()).toContainText("+4420");
});

test("T2: a refused call is told to the administrator and stands among the alarms", async ({
  browser,
  signIn,
  administrator,
  agent,
  desk,
  ear,
  say,
  baseURL,
}) => {
  expect(ear).toBeDefined();
  const other = await browser.newContext({ baseURL: baseURL ?? "", locale: "ja-JP" });
  const watching = await other.newPage();
  const signInPage = new SignInPage(watching, say);
  await signInPage.open();
  await signInPage.signIn(administrator.login, administrator.password);
  const settings = new SettingsPage(watching, say);
  await watching.getByRole("link", { name: "設定" }).first().click();
  await settings.sections.getByRole("link", { name: "発信制限" }).click();
  await expect(settings.field("1人の同時発信数")).toBeVisible();
  await signIn(agent);
  await desk.bar.logIn();
  await desk.bar.openDialler();
  await desk.dialler.destination.fill("+1 876-555-1234");
  await desk.dialler.placeCallButton.click();
  await expect(desk.dialler.dialog.getByRole("alert")).toContainText("許可されていません");
  const alarm = `${agent.name}さんの発信を拒否しました: 国際電話`;
  await expect(watching.getByRole("status").filter({ hasText: alarm })).toBeVisible();
  await expect(watching.getByRole("region", { name: "警告" })).toContainText(alarm);
  await other.close();
});
