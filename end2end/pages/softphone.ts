import { expect, type Locator, type Page } from "@playwright/test";

import type { Say } from "../fixtures/words.js";

import { pressSeen } from "./press.js";

/** The softphone bar, on every page. */
export class SoftphoneBar {
  readonly region: Locator;
  readonly logInButton: Locator;
  readonly callButton: Locator;
  readonly holdButton: Locator;
  readonly resumeButton: Locator;
  readonly hangUpButton: Locator;
  readonly muteButton: Locator;
  readonly extendButton: Locator;
  readonly backToReadyButton: Locator;
  readonly useHereButton: Locator;
  readonly startOfShift: Locator;
  /** The pill: icon, word and timer. Pressing it opens the menu of states. */
  readonly state: Locator;
  /** 応答 and 拒否 are in the popup alone. */
  readonly customerIsHeard: Locator;
  /** The customer's number, and how both sides sound. */
  readonly line: Locator;

  constructor(
    private readonly page: Page,
    private readonly say: Say,
  ) {
    this.region = page.getByRole("region", { name: say("ソフトフォン") });
    const button = (name: string): Locator => this.region.getByRole("button", { name, exact: true });
    this.logInButton = button(say("ログイン"));
    this.callButton = button(say("発信"));
    this.holdButton = button(say("保留"));
    this.resumeButton = button(say("保留解除"));
    this.hangUpButton = button(say("切断"));
    this.muteButton = button(say("ミュート"));
    this.extendButton = button(say("延長"));
    this.backToReadyButton = button(say("待機に戻る"));
    this.useHereButton = button(say("ここで使う"));
    this.startOfShift = page.getByRole("dialog", { name: say("業務を開始") });
    this.state = this.region.getByRole("button", { name: say("電話の状態") });
    this.line = this.region.getByRole("group", { name: say("お客様側の回線") });
    this.customerIsHeard = this.region.getByText(say("お客様の声は聞こえます"));
  }

  /** Chooses 待機, 未待機, 離席 … or ログアウト in the menu of states. */
  async choose(state: string): Promise<void> {
    // From the start of the name: 待機 is also the end of 未待機.
    const name = new RegExp(`^${this.say(state)}`);
    await this.state.click();
    await this.page.getByRole("menuitemradio", { name }).or(this.page.getByRole("menuitem", { name })).click();
  }

  /** Logs the softphone in. */
  async logIn(): Promise<void> {
    await this.logInButton.click();
    await expect(this.callButton).toBeVisible();
    await this.startOfShift.getByRole("button", { name: this.say("閉じる") }).click();
    await expect(this.startOfShift).toBeHidden();
  }

  /** Logs the softphone in and goes ready. */
  async startShift(): Promise<void> {
    await this.logIn();
    await this.choose("待機");
    await expect(this.state).toHaveAccessibleName(this.named("待機"));
  }

  /** The pill's name in this state: 待機 alone, and not as the end of 未待機. */
  named(state: string): RegExp {
    return new RegExp(`^${this.say("電話の状態")} ${this.say(state)}`);
  }

  async openDialler(): Promise<void> {
    await pressSeen(this.callButton);
  }
}

/** The popup while a call is offered. */
export class IncomingPopup {
  readonly dialog: Locator;
  readonly answerButton: Locator;
  readonly declineButton: Locator;

  constructor(page: Page, say: Say) {
    this.dialog = page.getByRole("dialog", { name: say("着信") });
    this.answerButton = this.dialog.getByRole("button", { name: say("応答"), exact: true });
    this.declineButton = this.dialog.getByRole("button", { name: say("拒否"), exact: true });
  }

  async answer(): Promise<void> {
    await pressSeen(this.answerButton);
  }

  async decline(): Promise<void> {
    await pressSeen(this.declineButton);
  }
}

/** The popup during a call. */
export class InCallPopup {
  readonly dialog: Locator;
  readonly endButton: Locator;
  readonly muteButton: Locator;
  readonly keypadButton: Locator;
  readonly keypad: Locator;
  /** What was keyed so far. */
  readonly keyed: Locator;

  constructor(page: Page, say: Say) {
    this.dialog = page.getByRole("dialog", { name: say("通話") });
    this.endButton = this.dialog.getByRole("button", { name: say("通話終了"), exact: true });
    this.muteButton = this.dialog.getByRole("button", { name: say("ミュート"), exact: true });
    this.keypadButton = this.dialog.getByRole("button", { name: say("キーパッド"), exact: true });
    this.keypad = this.dialog.getByRole("group", { name: say("キーパッド") });
    this.keyed = this.dialog.getByRole("status", { name: say("送ったキー") });
  }

  async end(): Promise<void> {
    await pressSeen(this.endButton);
  }
}

/** The dialler. */
export class Dialler {
  readonly dialog: Locator;
  readonly callerNumber: Locator;
  readonly destination: Locator;
  readonly placeCallButton: Locator;

  constructor(page: Page, say: Say) {
    this.dialog = page.getByRole("dialog", { name: say("発信画面") });
    this.callerNumber = this.dialog.getByRole("combobox", { name: say("発信番号") });
    this.destination = this.dialog.getByRole("textbox", { name: say("発信先") });
    this.placeCallButton = this.dialog.getByRole("button", { name: say("電話をかける"), exact: true });
  }

  /** Chooses the caller number whose label or digits contain this. */
  async chooseCallerNumber(text: string): Promise<void> {
    const option = this.callerNumber.getByRole("option").filter({ hasText: text });
    await this.callerNumber.selectOption(await option.getAttribute("value"));
  }

  async place(destination: string): Promise<void> {
    await this.destination.fill(destination);
    await this.placeCallButton.click();
  }
}

/** What warns before 後処理 is left unwritten. */
export class LeaveDialog {
  readonly dialog: Locator;
  readonly goBackButton: Locator;
  readonly goAnywayButton: Locator;

  constructor(page: Page, say: Say) {
    this.dialog = page.getByRole("dialog", { name: say("まだ保存されていません") });
    this.goBackButton = this.dialog.getByRole("button", { name: say("戻って入力") });
    this.goAnywayButton = this.dialog.getByRole("button", { name: say("このまま待機") });
  }
}
