import { expectAccessible } from "../fixtures/axe.js";
import { complaintsOf } from "../fixtures/console.js";
import { expect, test } from "../fixtures/index.js";
import { Server } from "../fixtures/server.js";

test("the desk starts under its own Content-Security-Policy, without a word on the console", async ({
  page,
  signInPage,
}) => {
  const complaints = complaintsOf(page);
  const answer = await page.goto("/");
  expect(answer?.headers()["content-security-policy"]).toContain("default-src 'none'");
  await expect(signInPage.button).toBeVisible();
  expect(complaints).toEqual([]);
});

test("an agent signs in, stays signed in over a reload, and signs out", async ({
  signIn,
  agent,
  desk,
  page,
  signInPage,
}) => {
  await signIn(agent);
  await expect(desk.bar.region).toBeVisible();
  await page.reload();
  await expect(desk.bar.region).toBeVisible();
  await desk.openUserMenu();
  await page.getByRole("menuitem", { name: "サインアウト", exact: true }).click();
  await expect(signInPage.button).toBeVisible();
  await page.reload();
  await expect(signInPage.button).toBeVisible();
});

test("a wrong pair is refused without saying which half is wrong", async ({ signInPage, agent, desk }) => {
  await signInPage.open();
  await signInPage.signIn(agent.login, "not the password");
  await expect(signInPage.error).toHaveText("ユーザー名またはパスワードが違います。");
  await signInPage.signIn("nobody-of-this-name", agent.password);
  await expect(signInPage.error).toHaveText("ユーザー名またはパスワードが違います。");
  await expect(desk.bar.region).toBeHidden();
});

test("outside demo mode the first administrator comes from the command line, and guessing is stopped", async ({
  browser,
}, { parallelIndex }) => {
  const server = await Server.prepare({ demo: false, worker: parallelIndex });
  await server.addUser("yamamoto", "山本 直樹", "administrator", "a long enough password");
  await server.start();
  const context = await browser.newContext({ baseURL: server.url, locale: "ja-JP" });
  const page = await context.newPage();
  await page.goto("/");
  await expect(page.getByText("デモ用のアカウント")).toBeHidden();
  await page.getByLabel("ユーザー名").fill("yamamoto");
  await page.getByLabel("パスワード", { exact: true }).fill("a long enough password");
  await page.getByRole("button", { name: "サインイン", exact: true }).click();
  await expect(page.getByRole("link", { name: "設定" })).toBeVisible();
  const guesses = Array.from({ length: 12 }, async () => {
    const headers = { Origin: server.url };
    const answer = await page.request.post("/api/session/sign_in", {
      headers,
      data: { login: "yamamoto", password: "wrong" },
    });
    return answer.status();
  });
  const stopped = (await Promise.all(guesses)).filter((status) => status === 429);
  expect(stopped.length).toBeGreaterThan(0);
  await context.close();
  await server.destroy();
});

test("axe finds nothing on the sign-in page", async ({ page, signInPage }) => {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await signInPage.open();
    await expect(signInPage.button).toBeVisible();
    await expectAccessible(page);
  }
});
