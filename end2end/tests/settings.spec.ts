import { expect, test } from "../fixtures/index.js";
import { tone, wav } from "../fixtures/microphone.js";

test.beforeEach(async ({ signIn, administrator, desk }) => {
  await signIn(administrator);
  await desk.goTo("設定");
});

test("a user and their extension are made, and both are audited", async ({ admin, settingsPage, page }) => {
  const login = `tester${admin.unique()}`;
  await settingsPage.create("ユーザー");
  await settingsPage.field("表示名").fill("検証 太郎");
  await settingsPage.field("ユーザー名").fill(login);
  await settingsPage.field("初期パスワード").fill("a long enough password");
  await settingsPage.save();
  await expect(settingsPage.saveRow).toContainText("保存しました");
  await expect(settingsPage.row(login)).toBeVisible();
  const number = `9${admin.unique()}`;
  await settingsPage.create("内線番号");
  await settingsPage.field("番号").fill(number);
  await settingsPage.choose("割り当て先", settingsPage.person({ name: "検証 太郎", login }));
  await settingsPage.save();
  await expect(settingsPage.row(number)).toContainText("検証 太郎");
  await settingsPage.open("操作履歴");
  await expect(page.getByRole("row").filter({ hasText: number }).first()).toContainText("山本 直樹");
  await expect(page.getByRole("row").filter({ hasText: "検証 太郎" }).first()).toContainText("山本 直樹");
});

test("wrong input: which field, why, and nothing is saved", async ({ admin, settingsPage }) => {
  const before = (await admin.settings()).users.length;
  const agent = await admin.addUser("先にいる人");
  await settingsPage.create("ユーザー");
  await settingsPage.field("表示名").fill(" ");
  await settingsPage.field("ユーザー名").fill(agent.login);
  await settingsPage.field("初期パスワード").fill("short");
  await settingsPage.save();
  await expect(settingsPage.summary).toContainText("入力内容を確認してください (3件)");
  await expect(settingsPage.field("表示名")).toHaveAccessibleDescription(/この項目は必須です/);
  await expect(settingsPage.field("ユーザー名")).toHaveAccessibleDescription(/すでに使われています/);
  await expect(settingsPage.field("初期パスワード")).toHaveAccessibleDescription(/文字以上で入力してください/);
  await settingsPage.summary.getByRole("button", { name: /ユーザー名/ }).click();
  await expect(settingsPage.field("ユーザー名")).toBeFocused();
  expect((await admin.settings()).users).toHaveLength(before + 1);
});

test("A30: a queue has members, rule, ring time and music of its own; wrong bounds are refused", async ({
  admin,
  agent,
  settingsPage,
}) => {
  const name = `受付 ${admin.unique()}`;
  await settingsPage.create("キュー");
  await settingsPage.field("キュー名").fill(name);
  await settingsPage.field("呼出時間 (秒)").fill("300");
  await settingsPage.save();
  await expect(settingsPage.field("呼出時間 (秒)")).toHaveAccessibleDescription(/5から120までの値を入力してください/);
  await expect(settingsPage.row(name)).toBeHidden();
  await settingsPage.field("呼出時間 (秒)").fill("15");
  await settingsPage.field(settingsPage.person(agent)).check();
  await settingsPage.save();
  await expect(settingsPage.row(name)).toContainText("メンバー1名・呼出15秒");
});

test("a number of ours leads to a queue; one that cannot be read is refused", async ({
  admin,
  agent,
  settingsPage,
}) => {
  const n = admin.unique();
  await settingsPage.create("電話番号");
  await settingsPage.field("電話番号").fill("これは番号ではない");
  await settingsPage.field("名称").fill(`新設 ${n}`);
  await settingsPage.choose("着信先のキュー", agent.queue);
  await settingsPage.save();
  await expect(settingsPage.field("電話番号")).toHaveAccessibleDescription(/電話番号の形で入力してください/);
  await expect(settingsPage.row(`新設 ${n}`)).toBeHidden();
  await settingsPage.field("電話番号").fill(`０５２－２${n.slice(0, 2)}－${n.slice(2)}`);
  await settingsPage.save();
  await expect(settingsPage.row(`新設 ${n}`)).toBeVisible();
});

test("a trunk is set up and shows its state; wrong fields are named one by one", async ({
  admin,
  settingsPage,
  page,
}) => {
  const name = `予備回線 ${admin.unique()}`;
  await settingsPage.create("電話回線");
  await settingsPage.field("回線名").fill(name);
  await settingsPage.field("SIPサーバー").fill("not a host");
  await settingsPage.field("ポート").fill("0");
  await settingsPage.choose("方式", "登録型");
  await settingsPage.field("受け付ける送信元").fill("300.1.2.3");
  await settingsPage.save();
  await expect(settingsPage.field("SIPサーバー")).toHaveAccessibleDescription(/IPアドレスまたはホスト名/);
  await expect(settingsPage.field("ポート")).toHaveAccessibleDescription(/1から65535まで/);
  await expect(settingsPage.field("認証ユーザー")).toHaveAccessibleDescription(/この項目は必須です/);
  await expect(settingsPage.field("受け付ける送信元")).toHaveAccessibleDescription(/IPアドレスまたはホスト名/);
  await expect(settingsPage.row(name)).toBeHidden();
  await settingsPage.field("SIPサーバー").fill("192.0.2.10");
  await settingsPage.field("ポート").fill("5060");
  await settingsPage.choose("方式", "固定接続");
  await settingsPage.field("受け付ける送信元").fill("192.0.2.0/28");
  await settingsPage.save();
  await expect(settingsPage.row(name)).toBeVisible();
  // Deleting says that it cannot be undone, and asks.
  await page.getByRole("button", { name: "削除", exact: true }).click();
  const question = page.getByRole("dialog", { name: `${name}を削除` });
  await question.getByRole("button", { name: "削除", exact: true }).click();
  await expect(settingsPage.row(name)).toBeHidden();
});

test("S24 A30: uploaded hold music is what a queue's customers hear; a wrong file is refused", async ({
  admin,
  agent,
  settingsPage,
  phone,
  page,
}) => {
  const name = `調べ ${admin.unique()}`;
  await settingsPage.open("保留音");
  const upload = page.getByRole("button", { name: "アップロード" });
  await upload.click();
  await expect(page.getByLabel("音声ファイル")).toHaveAccessibleDescription(/WAV/);
  await expect(page.getByRole("main")).toContainText("この項目は必須です");
  await page.getByLabel("音声ファイル").setInputFiles({
    name: "text.wav",
    mimeType: "audio/wav",
    buffer: Buffer.from("this is no sound at all"),
  });
  await settingsPage.field("名称").fill(name);
  await upload.click();
  await expect(page.getByRole("main")).toContainText("この形式のファイルは使えません");
  expect((await admin.settings()).music.filter((music) => music.name === name)).toEqual([]);
  await page.getByLabel("音声ファイル").setInputFiles({
    name: "melody.wav",
    mimeType: "audio/wav",
    buffer: wav(Int16Array.from([277, 370, 554].flatMap((hz) => [...tone(hz, 48_000).subarray(0, 19_200)]))),
  });
  await upload.click();
  await expect(page.getByRole("listitem").filter({ hasText: name })).toContainText("長さ 0:01");
  await settingsPage.open("キュー");
  await settingsPage.row(agent.queue).click();
  await settingsPage.choose("保留音", name);
  await settingsPage.save();
  await expect(settingsPage.saveRow).toContainText("保存しました");
  await phone.call("09012345678", agent.number);
  await phone.expectToHear("music");
});

test("what is typed and not saved is counted, and taken back with 元に戻す", async ({ agent, settingsPage, page }) => {
  await settingsPage.open("キュー");
  await settingsPage.row(agent.queue).click();
  await settingsPage.field("キュー名").fill("別の名前");
  await expect(settingsPage.saveRow).toHaveText("未保存の変更 1件");
  await page.getByRole("button", { name: "元に戻す" }).click();
  await expect(settingsPage.field("キュー名")).toHaveValue(agent.queue);
});

test("what is typed and not saved is not lost by going elsewhere: 保存, 破棄 or 戻る", async ({
  admin,
  agent,
  settingsPage,
  page,
}) => {
  const other = await admin.addAgent();
  await settingsPage.open("キュー");
  await settingsPage.row(agent.queue).click();
  const name = settingsPage.field("キュー名");
  await name.fill(`${agent.queue} 甲`);
  // Another row: the form asks in its place, and 戻る keeps all.
  await settingsPage.row(other.queue).click();
  await expect(settingsPage.asked.getByRole("button", { name: "保存" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(settingsPage.asked).toBeHidden();
  await expect(settingsPage.row(other.queue)).toBeFocused();
  await expect(name).toHaveValue(`${agent.queue} 甲`);
  // Another section.
  await settingsPage.open("電話番号");
  await expect(settingsPage.asked).toBeVisible();
  await settingsPage.asked.getByRole("button", { name: "戻る" }).click();
  await expect(name).toHaveValue(`${agent.queue} 甲`);
  // 保存 saves and goes where it was wanted.
  await settingsPage.row(other.queue).click();
  await settingsPage.asked.getByRole("button", { name: "保存" }).click();
  await expect(name).toHaveValue(other.queue);
  await expect(settingsPage.row(`${agent.queue} 甲`)).toBeVisible();
  // 破棄 goes without.
  await name.fill("捨てる名前");
  await settingsPage.open("電話番号");
  await settingsPage.asked.getByRole("button", { name: "破棄" }).click();
  await expect(page).toHaveURL(/settings\/numbers$/);
  expect((await admin.settings()).queues.map((queue) => queue.name)).not.toContain("捨てる名前");
});

test("the audit log speaks in words, not in names of fields", async ({ agent, settingsPage, page }) => {
  await settingsPage.open("キュー");
  await settingsPage.row(agent.queue).click();
  await settingsPage.field("オペレーターが出るまで応答しない").check();
  await settingsPage.save();
  await expect(settingsPage.saveRow).toContainText("保存しました");
  await settingsPage.open("操作履歴");
  const line = page.getByRole("row").filter({ hasText: agent.queue }).first();
  await expect(line).toContainText("オペレーターが出るまで応答しない: いいえ → はい");
});
