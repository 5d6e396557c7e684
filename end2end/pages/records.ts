import type { Locator, Page } from "@playwright/test";

import type { Say } from "../fixtures/words.js";

/** One of the two forms on the left of the desk: 顧客情報 or お問合せ情報. */
export class RecordForm {
  readonly region: Locator;
  readonly saveButton: Locator;
  readonly undoButton: Locator;
  /** 保存しました 14:02 */
  readonly saved: Locator;
  /** 下書き 14:02 */
  readonly draft: Locator;
  readonly handset: Locator;

  constructor(
    page: Page,
    private readonly say: Say,
    name: "顧客情報" | "お問合せ情報",
  ) {
    this.region = page.getByRole("region", { name: say(name), exact: true });
    this.saveButton = this.region.getByRole("button", { name: say("保存"), exact: true });
    this.undoButton = this.region.getByRole("button", { name: say("元に戻す"), exact: true });
    this.saved = this.region.getByText(/^保存しました/);
    this.draft = this.region.getByText(/^下書き \d+:\d\d$/);
    this.handset = this.region.getByRole("button", { name: /に電話をかける$/ });
  }

  /** A field that is written, by its label. */
  field(label: string): Locator {
    // A defined field is called what its administrator calls it, whatever the language.
    const name = ["氏名", "フリガナ", "電話"].includes(label) ? this.say(label) : label;
    return this.region.getByRole("textbox", { name });
  }

  /** A field that is found by typing, by its label. */
  combobox(label: string): Locator {
    return this.region.getByRole("combobox", { name: label });
  }

  /** The choices of a field that stand in a row. */
  choices(label: string): Locator {
    return this.region.getByRole("radiogroup", { name: label });
  }
}

/** What the customer had with us, in the centre. */
export class History {
  readonly region: Locator;

  constructor(
    private readonly page: Page,
    say: Say,
  ) {
    this.region = page.getByRole("region", { name: say("対応履歴") });
  }

  /** An entry by its words; the lines of an opened call's log are no entries. */
  entry(text: string | RegExp): Locator {
    return this.region.getByRole("listitem").filter({ hasText: text, has: this.page.getByRole("button") });
  }
}
