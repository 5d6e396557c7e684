import { expectAccessible } from "../fixtures/axe.js";
import { expect, test } from "../fixtures/index.js";

test("the desk starts under its own Content-Security-Policy, without a word on the console", async ({
  page,
  signInPage,
}) => {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  const answer = await page.goto("/");
  expect(answer?.headers()["content-security-policy"]).toContain("default-src 'none'");
  await expect(signInPage.button).toBeVisible();
  expect(complaints).toEqual([]);
});

test("an agent signs in and sees the desk", async ({ signIn, agent, desk }) => {
  await signIn(agent);
  await expect(desk.bar.region).toBeVisible();
});

test("a wrong pair is refused without saying which half is wrong", async ({ signInPage, agent, desk }) => {
  await signInPage.open();
  await signInPage.signIn(agent.login, "not the password");
  await expect(signInPage.error).toHaveText("ユーザー名またはパスワードが違います。");
  await expect(desk.bar.region).toBeHidden();
});

test("axe finds nothing on the sign-in page", async ({ page, signInPage }) => {
  await signInPage.open();
  await expect(signInPage.button).toBeVisible();
  await expectAccessible(page);
});
