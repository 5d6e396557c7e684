import type { Locator, Page } from "@playwright/test";

/** 通話一覧: every call, the abandoned ones apart. */
export class CallsPage {
  readonly rows: Locator;
  readonly search: Locator;
  readonly detail: Locator;

  constructor(private readonly page: Page) {
    this.rows = page.getByRole("table").getByRole("row");
    this.search = page.getByRole("searchbox", { name: "番号で検索" });
    this.detail = page.getByRole("complementary", { name: "通話の詳細" });
  }

  async show(filter: "すべて" | "着信" | "発信" | "放棄呼"): Promise<void> {
    await this.page.getByRole("tab", { name: filter }).click();
  }

  /** The row of the call from or to this number. */
  row(number: string): Locator {
    return this.page.getByRole("row").filter({ hasText: number });
  }

  /** One press to call that number back. */
  async callBack(number: string): Promise<void> {
    await this.row(number).getByRole("button", { name: "折り返し発信" }).click();
  }
}
