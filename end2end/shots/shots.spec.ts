import type { Page } from "@playwright/test";
import { join } from "node:path";

import { expect, test } from "../fixtures/index.js";
import type { Language } from "../fixtures/words.js";

/** Below the checkout, and never committed. */
const FOLDER = join(import.meta.dirname, "../../shots");
const LANGUAGES: Language[] = ["ja", "en", "ko"];
const WIDTHS = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];
const CUSTOMER = "09012345678";

/** One state in both looks and both widths, as it stands on the screen now. */
async function shoot(page: Page, language: Language, name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const size of WIDTHS) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize(size);
      await page.screenshot({ path: join(FOLDER, name, `${language}-${colorScheme}-${size.width}.png`) });
    }
  }
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });

    test("signing in", async ({ page, signInPage, agent }) => {
      await signInPage.open();
      await expect(signInPage.button).toBeVisible();
      await shoot(page, language, "sign-in");
      await signInPage.signIn(agent.login, "not the password");
      await expect(signInPage.error).toBeVisible();
      await shoot(page, language, "sign-in-refused");
    });

    test("a shift with one call", async ({ page, signIn, agent, desk, phone, say }) => {
      await signIn(agent);
      await expect(desk.bar.logInButton).toBeVisible();
      await shoot(page, language, "desk-logged-out");
      await desk.bar.logInButton.click();
      await expect(desk.bar.callButton).toBeEnabled();
      await shoot(page, language, "desk-not-ready");
      await desk.bar.callButton.click();
      await expect(desk.dialler.dialog).toBeVisible();
      await shoot(page, language, "dialler");
      await page.keyboard.press("Escape");
      await desk.bar.state.click();
      await shoot(page, language, "state-menu");
      await page.keyboard.press("Escape");
      await desk.bar.choose("待機");
      await expect(desk.bar.state).toContainText(say("待機"));
      await shoot(page, language, "desk-ready");
      await phone.call(CUSTOMER, agent.number);
      await expect(desk.incoming.dialog).toBeVisible();
      await shoot(page, language, "incoming");
      await desk.incoming.answerButton.click();
      await expect(desk.inCall.dialog).toBeVisible();
      await shoot(page, language, "talking");
      await desk.bar.holdButton.click();
      await expect(desk.bar.customerIsHeard).toBeVisible();
      await shoot(page, language, "held");
      await desk.inCall.endButton.click();
      await expect(desk.bar.state).toContainText(say("後処理"));
      await shoot(page, language, "after-call-work");
      await desk.bar.choose("待機");
      await expect(desk.leave.dialog).toBeVisible();
      await shoot(page, language, "leaving-after-call-work");
      await desk.leave.goAnywayButton.click();
      await desk.goTo("通話一覧");
      await shoot(page, language, "calls");
    });

    test("the customer's page of the demo", async ({ page }) => {
      await page.goto("/demo");
      await expect(page.getByRole("main")).toBeVisible();
      await shoot(page, language, "demo");
    });
  });
}
