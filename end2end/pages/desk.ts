import type { Locator, Page } from "@playwright/test";

import type { Say } from "../fixtures/words.js";

import { Dialler, IncomingPopup, InCallPopup, LeaveDialog, SoftphoneBar } from "./softphone.js";

/** The desk: main menu, softphone bar, and the zones below. */
export class Desk {
  readonly menu: Locator;
  readonly bar: SoftphoneBar;
  readonly incoming: IncomingPopup;
  readonly inCall: InCallPopup;
  readonly dialler: Dialler;
  readonly leave: LeaveDialog;
  readonly customer: Locator;
  readonly centre: Locator;
  /** The thin strip of a cut line. */
  readonly strip: Locator;

  constructor(
    private readonly page: Page,
    private readonly say: Say,
  ) {
    this.menu = page.getByRole("navigation", { name: say("メインメニュー") });
    this.bar = new SoftphoneBar(page, say);
    this.incoming = new IncomingPopup(page, say);
    this.inCall = new InCallPopup(page, say);
    this.dialler = new Dialler(page, say);
    this.leave = new LeaveDialog(page, say);
    this.customer = page.getByRole("region", { name: say("顧客情報") });
    this.centre = page.getByRole("region", { name: say("対応中") });
    this.strip = page.getByRole("status").filter({ hasText: /再接続中…|再接続しました/ });
  }

  /** Goes to another page by the main menu, as an agent does: the call goes on. */
  async goTo(page: "デスク" | "通話一覧" | "顧客" | "お問合せ" | "設定" | "デモ"): Promise<void> {
    await this.menu.getByRole("link", { name: this.say(page) }).click();
  }

  /** The agent's own menu: language, look, signing out. */
  async openUserMenu(): Promise<void> {
    await this.page.getByRole("button", { name: this.say("ユーザーメニュー") }).click();
  }
}
