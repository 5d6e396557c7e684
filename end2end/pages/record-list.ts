import type { Locator, Page } from "@playwright/test";

/** 顧客 or お問合せ: the list with its search, conditions and columns. */
export class RecordList {
  readonly rows: Locator;
  readonly search: Locator;
  readonly order: Locator;
  readonly range: Locator;
  readonly dialog: Locator;
  readonly exportLink: Locator;
  readonly importLink: Locator;

  constructor(private readonly page: Page) {
    this.rows = page.getByRole("table").getByRole("rowgroup").last().getByRole("row");
    this.search = page.getByRole("searchbox");
    this.order = page.getByRole("combobox", { name: "並び順" });
    this.range = page.getByRole("status").filter({ hasText: "–" });
    this.dialog = page.getByRole("dialog");
    this.exportLink = page.getByRole("link", { name: "CSV出力" });
    this.importLink = page.getByRole("link", { name: "CSV取り込み" });
  }

  row(text: string | RegExp): Locator {
    return this.rows.filter({ hasText: text });
  }

  head(name: string): Locator {
    return this.page.getByRole("columnheader", { name });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  /** Sets a condition about a field. */
  async filter(subject: string, condition: string): Promise<void> {
    if (!(await this.page.getByRole("group", { name: "絞り込み" }).isVisible())) await this.button(/^絞り込み/).click();
    await this.page.getByLabel("項目", { exact: true }).selectOption(subject);
    await this.page.getByLabel("条件", { exact: true }).selectOption(condition);
    await this.button("条件を追加").click();
  }

  async tick(name: string): Promise<void> {
    await this.page.getByRole("checkbox", { name: `選択 ${name}` }).check();
  }
}
