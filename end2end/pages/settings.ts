import type { Locator, Page } from "@playwright/test";

import type { Say } from "../fixtures/words.js";

type Section =
  | "ユーザー"
  | "内線番号"
  | "電話回線"
  | "電話番号"
  | "キュー"
  | "顧客情報の項目"
  | "お問合せ情報の項目"
  | "通話"
  | "保留音"
  | "操作履歴";

/** 設定: sections, the list of one, the form of a row. */
export class SettingsPage {
  readonly sections: Locator;
  readonly saveButton: Locator;
  readonly saveRow: Locator;
  /** What is wrong, in one place. */
  readonly summary: Locator;

  constructor(
    private readonly page: Page,
    private readonly say: Say,
  ) {
    this.sections = page.getByRole("navigation", { name: say("設定") });
    this.saveButton = page.getByRole("button", { name: say("保存"), exact: true });
    this.saveRow = page.getByRole("status").filter({ hasText: /保存しました|未保存/ });
    this.summary = page.getByRole("alert").filter({ hasText: "入力内容を確認してください" });
  }

  async open(section: Section): Promise<void> {
    await this.sections.getByRole("link", { name: this.say(section, "settings_"), exact: true }).click();
  }

  /** How a user is called where one is chosen from all. */
  person({ name, login }: { name: string; login: string }): string {
    return `${name} (${login})`;
  }

  /** The question about what is not saved: 保存, 破棄, 戻る. */
  get asked(): Locator {
    return this.page.getByRole("group", { name: "保存していない変更があります。保存しますか。" });
  }

  async create(section: Section): Promise<void> {
    await this.open(section);
    await this.page.getByRole("button", { name: this.say("新規作成") }).click();
  }

  /** A field by its label, which 必須 may follow. A section's list of the same name comes before its form. */
  field(label: string): Locator {
    const words = this.say(label).replace(/[()]/g, "\\$&");
    return this.page
      .getByRole("main")
      .getByLabel(new RegExp(`^${words}( ?${this.say("必須")})?$`))
      .last();
  }

  async choose(label: string, option: string): Promise<void> {
    await this.field(label).selectOption({ label: option });
  }

  /** The row in the list. */
  row(text: string): Locator {
    return this.page.getByRole("main").getByRole("button").filter({ hasText: text });
  }

  async save(): Promise<void> {
    await this.saveButton.click();
  }
}
