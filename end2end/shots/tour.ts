import type { Page } from "@playwright/test";

import { expect, test } from "../fixtures/index.js";
import { addCustomer, defineFields, someNumber } from "../fixtures/records.js";
import type { Language } from "../fixtures/words.js";
import { RecordForm } from "../pages/records.js";

/** Takes a picture of the page as it stands now. */
export type Shoot = (page: Page, name: string) => Promise<void>;

const CUSTOMER = "09012345678";
/** Of the customer whose record is drawn. */
const NUMBER = someNumber();

/** Defines the tests that go through every screen and state in one language, and have each drawn. */
export function tour(language: Language, shoot: Shoot): void {
  test.describe(`screens in ${language}`, () => {
    test.use({ language });

    test("signing in", async ({ page, signInPage, agent }) => {
      await signInPage.open();
      await expect(signInPage.button).toBeVisible();
      await shoot(page, "sign-in");
      await signInPage.signIn(agent.login, "not the password");
      await expect(signInPage.error).not.toBeEmpty();
      await shoot(page, "sign-in-refused");
    });

    test("no extension", async ({ page, admin, signIn, desk }) => {
      await signIn(await admin.addUser("伊藤 蓮"));
      await expect(desk.bar.logInButton).toBeDisabled();
      await shoot(page, "desk-no-extension");
    });

    test("a customer without any call", async ({ page, signIn, admin, agent, say }) => {
      await defineFields(admin);
      const id = await addCustomer(admin, "山田 太郎", [NUMBER.dialled], "常連のお客様");
      const record = new RecordForm(page, say, "顧客情報");
      const inquiry = new RecordForm(page, say, "お問合せ情報");
      await signIn(agent);
      await record.region.getByRole("searchbox").fill("山田");
      await expect(record.region.getByRole("button", { name: /山田 太郎/ }).first()).toBeVisible();
      await shoot(page, "customer-found");
      await page.goto(`/?customer=${id}`);
      await expect(record.field("氏名")).toHaveValue("山田 太郎");
      await expect(inquiry.field("相談メモ")).toBeVisible();
      await shoot(page, "customer");
      await record.field("フリガナ").fill("ヤマダ タロウ");
      await inquiry.field("相談メモ").fill("請求書の再発行");
      await inquiry.choices("大分類").getByRole("radio", { name: "請求" }).click();
      await inquiry.combobox("中分類").click();
      await shoot(page, "customer-draft");
      await page.keyboard.press("Escape");
      await inquiry.saveButton.click();
      await expect(page.getByRole("region", { name: say("対応履歴") }).getByRole("listitem")).toBeVisible();
      await shoot(page, "customer-history");
      await page.goto("/?customer=new");
      await expect(record.field("氏名")).toHaveValue("");
      await shoot(page, "customer-new");
    });

    test("a shift with one call", async ({ page, signIn, agent, desk, phone, say }) => {
      await signIn(agent);
      await expect(desk.bar.logInButton).toBeVisible();
      await shoot(page, "desk-logged-out");
      await desk.bar.logInButton.click();
      await expect(desk.bar.callButton).toBeEnabled();
      await shoot(page, "start-of-shift");
      await desk.bar.startOfShift.getByRole("button", { name: say("閉じる") }).click();
      await shoot(page, "desk-not-ready");
      await desk.bar.openDialler();
      await expect(desk.dialler.dialog).toBeVisible();
      await desk.dialler.destination.fill(CUSTOMER);
      await expect(desk.dialler.placeCallButton).toBeEnabled();
      await shoot(page, "dialler");
      await page.keyboard.press("Escape");
      await desk.bar.state.click();
      await shoot(page, "state-menu");
      await page.keyboard.press("Escape");
      await desk.bar.choose("待機");
      await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
      await shoot(page, "desk-ready");
      await phone.call(CUSTOMER, agent.number);
      await expect(desk.incoming.answerButton).toBeVisible();
      await shoot(page, "incoming");
      await desk.incoming.answer();
      await expect(desk.inCall.dialog).toBeVisible();
      await shoot(page, "talking");
      await desk.bar.holdButton.click();
      await expect(desk.bar.customerIsHeard).toBeVisible();
      await shoot(page, "held");
      await desk.inCall.end();
      await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
      await shoot(page, "after-call-work");
      await desk.bar.choose("待機");
      await expect(desk.leave.dialog).toBeVisible();
      await shoot(page, "leaving-after-call-work");
      await desk.leave.goAnywayButton.click();
      await desk.goTo("通話一覧");
      await page.getByRole("table").getByRole("row").nth(1).click();
      await expect(page.getByRole("complementary").getByRole("listitem").first()).toBeVisible();
      await shoot(page, "calls");
      await desk.openUserMenu();
      await shoot(page, "user-menu");
    });

    test("settings", async ({ page, signIn, administrator, agent, desk, settingsPage, say }) => {
      await signIn(administrator);
      await desk.goTo("設定");
      await settingsPage.open("ユーザー");
      await settingsPage.row(agent.login).click();
      await shoot(page, "settings-users");
      await settingsPage.create("電話回線");
      await settingsPage.field("回線名").fill("副回線");
      await settingsPage.save();
      await expect(settingsPage.field("SIPサーバー")).toHaveAttribute("aria-invalid", "true");
      await shoot(page, "settings-trunks-wrong");
      await settingsPage.open("キュー");
      await expect(page.getByRole("button", { name: say("破棄") })).toBeVisible();
      await shoot(page, "settings-unsaved");
      await page.getByRole("button", { name: say("破棄") }).click();
      await settingsPage.row(agent.queue).click();
      await shoot(page, "settings-queues");
      for (const [section, name] of [
        ["内線番号", "extensions"],
        ["電話番号", "numbers"],
        ["通話", "calls"],
        ["保留音", "music"],
        ["操作履歴", "audit"],
      ] as const) {
        await settingsPage.open(section);
        await expect(page.getByRole("heading", { name: say(section, "settings_") }).first()).toBeAttached();
        await shoot(page, `settings-${name}`);
      }
    });

    test("the customer's page of the demo", async ({ page, agent, phone, say }) => {
      await page.goto("/demo");
      await expect(page.getByRole("button", { name: say("窓口に電話する") })).toBeVisible();
      await shoot(page, "demo");
      await phone.call(CUSTOMER, agent.number);
      await phone.expectToHear("music");
      await expect(page.getByRole("button", { name: say("電話を切る") })).toBeVisible();
      await shoot(page, "demo-waiting");
    });
  });
}
