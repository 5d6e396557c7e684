import type { Locator, Page } from "@playwright/test";

import type { Say } from "../fixtures/words.js";

/** Where everybody starts. */
export class SignInPage {
  readonly login: Locator;
  readonly password: Locator;
  readonly button: Locator;
  readonly error: Locator;

  constructor(
    private readonly page: Page,
    say: Say,
  ) {
    this.login = page.getByLabel(say("ユーザー名"));
    this.password = page.getByLabel(say("パスワード"), { exact: true });
    this.button = page.getByRole("button", { name: say("サインイン"), exact: true });
    this.error = page.getByRole("alert");
  }

  async open(): Promise<void> {
    await this.page.goto("/");
  }

  async signIn(login: string, password: string): Promise<void> {
    await this.login.fill(login);
    await this.password.fill(password);
    await this.button.click();
  }
}
