import type { Locator, Page } from "@playwright/test";

/** 通話一覧: every call, the abandoned ones apart. */
export class CallsPage {
  readonly rows: Locator;

  constructor(private readonly page: Page) {
    this.rows = page.getByRole("table").getByRole("row");
  }

  /** The row of the call from or to this number. */
  row(number: string): Locator {
    return this.page.getByRole("row").filter({ hasText: number });
  }
}
