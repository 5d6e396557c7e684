import { request as httpRequest } from "node:http";

import { expect, test } from "../fixtures/index.js";

test("S1: without an extension the softphone cannot be logged in, and the desk says why", async ({
  admin,
  signIn,
  desk,
}) => {
  await signIn(await admin.addUser("内線のない人"));
  await expect(desk.bar.logInButton).toBeDisabled();
  await expect(desk.bar.logInButton).toHaveAccessibleDescription(
    "内線番号が割り当てられていないため、ログインできません。管理者に依頼してください。",
  );
  await expect(desk.bar.region).toContainText("管理者に内線番号の割り当てを依頼してください");
  await expect(desk.bar.callButton).toBeHidden();
});

for (const role of ["agent", "supervisor"] as const) {
  test(`settings are for administrators: a ${role} sees no way there, and is refused by the server itself`, async ({
    admin,
    signIn,
    desk,
    page,
    baseURL,
  }) => {
    await signIn(await admin.addUser("権限のない人", role));
    await expect(desk.menu.getByRole("link", { name: "通話一覧" })).toBeVisible();
    await expect(desk.menu.getByRole("link", { name: "設定" })).toBeHidden();
    await page.goto("/settings/users");
    await expect(page.getByRole("main")).toContainText("この操作の権限がありません。管理者に依頼してください。");
    const headers = { Origin: baseURL ?? "" };
    for (const endpoint of ["settings/all", "settings/audit"]) {
      const answer = await page.request.post(`/api/${endpoint}`, { headers, data: { before: null } });
      expect(answer.status(), endpoint).toBe(403);
    }
    const what = { trunk: (await admin.trunk()).id };
    const deleted = await page.request.post("/api/settings/delete", { headers, data: { what } });
    expect(deleted.status()).toBe(403);
  });
}

test("a change from another origin is refused with 403, and so is one without any", async ({
  signIn,
  agent,
  desk,
  page,
  baseURL,
}) => {
  await signIn(agent);
  await expect(desk.bar.region).toBeVisible();
  const signOut = (headers: Record<string, string>) =>
    page.request.post("/api/session/sign_out", { headers, data: {} });
  expect((await signOut({ Origin: "https://evil.example" })).status()).toBe(403);
  expect((await signOut({ Origin: "null" })).status()).toBe(403);
  expect((await signOut({})).status()).toBe(403);
  await page.reload();
  await expect(desk.bar.region).toBeVisible();
  expect((await signOut({ Origin: baseURL ?? "" })).status()).toBe(200);
});

test("a WebSocket from another origin is refused with 403", async ({ demoServer }) => {
  const handshake = (origin: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest(`${demoServer.url}/ws`, {
        headers: {
          Connection: "Upgrade",
          Upgrade: "websocket",
          Origin: origin,
          "Sec-WebSocket-Version": "13",
          "Sec-WebSocket-Key": "bWFkb2d1Y2hpIGRlc2sgIQ==",
        },
      });
      asked.on("response", (answer) => {
        resolve(answer.statusCode);
        answer.destroy();
      });
      asked.on("upgrade", (answer, socket) => {
        resolve(answer.statusCode);
        socket.destroy();
      });
      asked.on("error", reject);
      asked.end();
    });
  expect(await handshake("https://evil.example")).toBe(403);
  // From here it gets as far as the question who is asking.
  expect(await handshake(demoServer.url)).toBe(401);
});

test("signing out everywhere ends every other session of this user at once", async ({
  browser,
  signIn,
  agent,
  desk,
  page,
  signInPage,
  baseURL,
}) => {
  const other = await browser.newContext({ baseURL: baseURL ?? "", locale: "ja-JP" });
  const elsewhere = await other.newPage();
  await elsewhere.goto("/");
  await elsewhere.getByLabel("ユーザー名").fill(agent.login);
  await elsewhere.getByLabel("パスワード", { exact: true }).fill(agent.password);
  await elsewhere.getByRole("button", { name: "サインイン", exact: true }).click();
  await expect(elsewhere.getByRole("region", { name: "ソフトフォン" })).toBeVisible();
  await signIn(agent);
  await desk.openUserMenu();
  await page.getByRole("menuitem", { name: "すべての端末からサインアウト" }).click();
  await expect(signInPage.button).toBeVisible();
  await expect(elsewhere.getByRole("button", { name: "サインイン", exact: true })).toBeVisible();
  await other.close();
});
