import { expectAccessible } from "../fixtures/axe.js";
import { complaintsOf } from "../fixtures/console.js";
import { expect, test } from "../fixtures/index.js";

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test(`axe finds nothing on the pages of an administrator (${colorScheme})`, async ({
      signIn,
      administrator,
      desk,
      settingsPage,
      page,
    }) => {
      const complaints = complaintsOf(page);
      await signIn(administrator);
      await expect(desk.customer).toBeVisible();
      await expectAccessible(page);
      await desk.goTo("通話一覧");
      await expect(page.getByRole("heading", { name: "通話一覧" })).toBeVisible();
      await expectAccessible(page);
      await desk.goTo("設定");
      for (const section of ["ユーザー", "内線番号", "電話回線", "電話番号", "キュー"] as const) {
        await settingsPage.create(section);
        await expect(settingsPage.saveButton).toBeVisible();
        await expectAccessible(page);
      }
      for (const section of ["保留音", "操作履歴"] as const) {
        await settingsPage.open(section);
        await expect(page.getByRole("heading", { name: section })).toBeVisible();
        await expectAccessible(page);
      }
      expect(complaints).toEqual([]);
    });

    test(`axe finds nothing on the desk of an agent with a call (${colorScheme})`, async ({
      signIn,
      agent,
      desk,
      phone,
      page,
    }) => {
      await signIn(agent);
      await desk.bar.logIn();
      await desk.bar.openDialler();
      await expect(desk.dialler.dialog).toBeVisible();
      await expectAccessible(page);
      await page.keyboard.press("Escape");
      await desk.bar.choose("待機");
      await desk.bar.state.click();
      await expect(page.getByRole("menu")).toBeVisible();
      await expectAccessible(page);
      await page.keyboard.press("Escape");
      await phone.call("09012345678", agent.number);
      await desk.incoming.answer();
      await desk.bar.holdButton.click();
      await expect(desk.bar.customerIsHeard).toBeVisible();
      await expectAccessible(page);
      await desk.inCall.end();
      await desk.bar.choose("待機");
      await expect(desk.leave.dialog).toBeVisible();
      await expectAccessible(page);
    });

    test(`axe finds nothing on the demo's page (${colorScheme})`, async ({ page }) => {
      await page.goto("/demo");
      await expect(page.getByRole("button", { name: "窓口に電話する" })).toBeVisible();
      await expectAccessible(page);
    });
  });
}
