import { expect, test } from "../fixtures/index.js";

test.beforeEach(async ({ signIn, administrator, desk }) => {
  await signIn(administrator);
  await desk.goTo("設定");
});

test("S32 S36: the administrator defines the fields of a record, and sees the agents' form meanwhile", async ({
  admin,
  settingsPage,
  page,
}) => {
  const label = `会員種別 ${admin.unique()}`;
  const preview = page.getByRole("region", { name: "プレビュー" });
  await settingsPage.create("顧客情報の項目");
  await settingsPage.field("項目名").fill(label);
  await settingsPage.choose("種類", "単一選択");
  const add = page.getByLabel("選択肢を追加");
  for (const choice of ["個人", "法人", "個人"]) {
    await add.fill(choice);
    await add.press("Enter");
  }
  // The same word twice is one choice.
  await expect(page.getByLabel(/^選択肢 \d$/)).toHaveCount(2);
  await expect(preview.getByRole("radio", { name: "法人" })).toBeVisible();
  await settingsPage.field("必須").check();
  await expect(preview).toContainText("必須");
  await settingsPage.save();
  await expect(settingsPage.saveRow).toContainText("保存しました");
  await expect(settingsPage.row(label)).toContainText("単一選択 · 必須");

  // Another kind: what is stored is not touched, and the kind can be taken back with its choices.
  await settingsPage.choose("種類", "1行テキスト");
  await expect(preview.getByRole("textbox", { name: label })).toBeVisible();
  await settingsPage.choose("種類", "単一選択");
  await expect(preview.getByRole("radio", { name: "個人" })).toBeVisible();

  // Retired: it leaves the form, and stays in the list.
  await settingsPage.field("使用中").uncheck();
  await expect(preview.getByRole("radio", { name: "個人" })).toBeHidden();
  await settingsPage.save();
  await expect(settingsPage.row(label)).toContainText("廃止");
});

test("a parent's choice narrows the child's, and a name that is taken is refused at its field", async ({
  admin,
  settingsPage,
  page,
}) => {
  const n = admin.unique();
  const [large, middle] = [`大分類 ${n}`, `中分類 ${n}`];
  const preview = page.getByRole("region", { name: "プレビュー" });
  const add = page.getByLabel("選択肢を追加");
  await settingsPage.create("お問合せ情報の項目");
  await settingsPage.field("項目名").fill(large);
  await settingsPage.choose("種類", "単一選択");
  for (const choice of ["故障", "請求"]) {
    await add.fill(choice);
    await add.press("Enter");
  }
  await settingsPage.save();
  await expect(settingsPage.saveRow).toContainText("保存しました");

  await settingsPage.create("お問合せ情報の項目");
  await settingsPage.field("項目名").fill(large);
  await settingsPage.save();
  await expect(page.getByRole("main")).toContainText("すでに使われています");
  await settingsPage.field("項目名").fill(middle);
  await settingsPage.choose("種類", "単一選択");
  await settingsPage.choose("絞り込む項目", large);
  await settingsPage.choose("絞り込みの設定", "故障");
  await add.fill("電源が入らない");
  await add.press("Enter");
  await settingsPage.choose("絞り込みの設定", "請求");
  await add.fill("二重請求");
  await add.press("Enter");
  const child = preview.getByRole("radiogroup", { name: middle });
  await expect(child).toContainText("を選ぶと選択できます");
  await preview.getByRole("radiogroup", { name: large }).getByRole("radio", { name: "請求" }).click();
  await expect(child.getByRole("radio", { name: "二重請求" })).toBeVisible();
  await expect(child.getByRole("radio", { name: "電源が入らない" })).toBeHidden();
  await settingsPage.save();
  await expect(settingsPage.saveRow).toContainText("保存しました");
});
