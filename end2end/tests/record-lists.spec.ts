import { randomInt, randomUUID } from "node:crypto";

import type { Api } from "../fixtures/api.js";
import { expectAccessible } from "../fixtures/axe.js";
import { expect, test } from "../fixtures/index.js";
import { RecordList } from "../pages/record-list.js";

const before = { saw: null };

/** Stores a customer: the name, and what else there is, by the keys of the fields. */
async function add(api: Api, name: string, more: Record<string, unknown> = {}): Promise<string> {
  const id = randomUUID();
  const after = { name: { text: name }, ...more };
  const changes = Object.entries(after).map(([key, value]) => ({ key, before, after: value }));
  await api.call("customers/save", { save: { id, version: null, changes, interaction: null } });
  return id;
}

function someNumber(): { dialled: string; shown: string } {
  const [middle, last] = [String(randomInt(1000, 9999)), String(randomInt(1000, 9999))];
  return { dialled: `080${middle}${last}`, shown: `080-${middle}-${last}` };
}

test("rows are reached by the arrows, and Enter opens the customer on the desk", async ({
  admin,
  agent,
  signIn,
  desk,
  page,
}) => {
  const n = admin.unique();
  const id = await add(admin, `矢印 ${n}`);
  await signIn(agent);
  await desk.goTo("顧客");
  const list = new RecordList(page);
  await list.search.fill(`矢印 ${n}`);
  await expect(list.rows).toHaveCount(1);
  await list.search.press("ArrowDown");
  await expect(list.row(`矢印 ${n}`)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/\\?customer=${id}`));
  await desk.goTo("顧客");
  await expect(list.search).toHaveValue(`矢印 ${n}`);
  await expect(list.rows).toHaveCount(1);
});

test("two customers become one, with the values that were chosen, and are two again", async ({
  admin,
  signIn,
  desk,
  page,
}) => {
  const n = admin.unique();
  const [first, second] = [someNumber(), someNumber()];
  await add(admin, `統合 ${n}甲`, { phones: { lines: [first.dialled] } });
  await add(admin, `統合 ${n}乙`, { phones: { lines: [second.dialled] } });
  await signIn(await admin.addUser("統括 さん", "supervisor"));
  await desk.goTo("顧客");
  const list = new RecordList(page);
  await list.search.fill(`統合 ${n}`);
  await list.tick(`統合 ${n}甲`);
  await list.tick(`統合 ${n}乙`);
  await list.button("統合").click();
  await list.dialog.getByRole("radio", { name: `統合 ${n}乙` }).check();
  await expectAccessible(page);
  await list.dialog.getByRole("button", { name: "統合する" }).click();
  await expect(list.rows).toHaveCount(1);
  await expect(list.row(`統合 ${n}乙`)).toContainText(first.shown);
  await expect(list.row(`統合 ${n}乙`)).toContainText(second.shown);
  await list.button("元に戻す").click();
  await expect(list.rows).toHaveCount(2);
  await expect(list.row(`統合 ${n}甲`)).not.toContainText(second.shown);
});

test("a customer is erased against the typed name, and the certificate says what is gone", async ({
  admin,
  signIn,
  desk,
  page,
}) => {
  const n = admin.unique();
  const id = await add(admin, `消去 ${n}`, { phones: { lines: [someNumber().dialled] } });
  await signIn(await admin.addUser("統括 さん", "supervisor"));
  await desk.goTo("顧客");
  const list = new RecordList(page);
  await list.search.fill(`消去 ${n}`);
  await list.tick(`消去 ${n}`);
  await list.button("消去").click();
  await list.dialog.getByRole("textbox").fill(`消去 ${n.slice(0, 3)}`);
  await expect(list.dialog.getByRole("button", { name: "完全に消去する" })).toBeDisabled();
  await list.dialog.getByRole("textbox").fill(`消去 ${n}`);
  await list.dialog.getByRole("button", { name: "完全に消去する" }).click();
  await expect(list.dialog.getByRole("heading")).toHaveText("消去証明");
  await expect(list.dialog).toContainText(id);
  await expectAccessible(page);
  await list.dialog.getByRole("button", { name: "閉じる" }).click();
  await expect(list.rows).toHaveCount(0);
});

test("an agent neither moves nor merges nor erases records", async ({ admin, agent, signIn, desk, page }) => {
  const n = admin.unique();
  await add(admin, `権限 ${n}`);
  await signIn(agent);
  await desk.goTo("顧客");
  const list = new RecordList(page);
  await list.search.fill(`権限 ${n}`);
  await expect(list.row(`権限 ${n}`)).toBeVisible();
  await expect(list.exportLink).toHaveCount(0);
  await expect(list.importLink).toHaveCount(0);
  await expect(page.getByRole("checkbox")).toHaveCount(0);
  await page.goto("/customers/import");
  await expect(page.getByText("この操作の権限がありません", { exact: false })).toBeVisible();
});
