import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";

test.beforeEach(async ({ signIn, agent, desk, ear }) => {
  expect(ear).toBeDefined();
  await signIn(agent);
  await desk.bar.logIn();
});

test("S2 S3: the bar shows the extension, and logging in offers the states", async ({ agent, desk, page }) => {
  await expect(desk.bar.region).toContainText(agent.extension);
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("未待機"));
  await desk.bar.state.click();
  for (const state of ["待機", "未待機", "昼休み", "ログアウト"]) {
    await expect(page.getByRole("menu").getByText(state, { exact: true })).toBeVisible();
  }
  await page.keyboard.press("Escape");
  await desk.bar.choose("ログアウト");
  await expect(desk.bar.logInButton).toBeVisible();
});

test("S5 S7 S8 S9 S28: the dialler places a call that shows the chosen number", async ({ agent, desk, phone, ear }) => {
  await desk.bar.openDialler();
  await expect(desk.dialler.destination).toHaveValue("");
  await expect(desk.dialler.destination).toBeFocused();
  await desk.dialler.chooseCallerNumber(agent.numberLabel);
  await desk.dialler.place(CUSTOMER);
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("発信中"));
  await phone.expectToBe("ringing");
  await phone.expectToBeRungFrom(agent.number);
  await phone.answer();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await phone.expectToHear("voice");
  await ear.expectSound();
  await desk.inCall.end();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
});

test("S7 A25: the granted caller numbers are offered, the last used one first", async ({
  admin,
  agent,
  desk,
  phone,
}) => {
  const n = admin.unique();
  await admin.addNumber({
    number: `+81612${n}`,
    label: `本人 ${n}`,
    granted: { users: [agent.id] },
  });
  await admin.addNumber({ number: `+81712${n}`, label: `封印 ${n}`, granted: "nobody" });
  await desk.bar.openDialler();
  const offered = desk.dialler.callerNumber.getByRole("option");
  await expect(offered.filter({ hasText: `本人 ${n}` })).toHaveCount(1);
  await expect(offered.filter({ hasText: agent.numberLabel })).toHaveCount(1);
  await expect(offered.filter({ hasText: `封印 ${n}` })).toHaveCount(0);
  await desk.dialler.chooseCallerNumber(`本人 ${n}`);
  await desk.dialler.place(CUSTOMER);
  await phone.expectToBeRungFrom(`+81612${n}`);
  await desk.bar.hangUpButton.click();
  await phone.expectToBe("idle");
  await desk.bar.openDialler();
  await expect(offered.first()).toContainText(`本人 ${n}`);
  await expect(desk.dialler.callerNumber).toHaveValue((await offered.first().getAttribute("value")) ?? "");
});

for (const { status, words } of [
  { status: 486, words: "お話し中でした" },
  { status: 404, words: "この番号は使われていません" },
  { status: 603, words: "相手が応答を拒否しました" },
]) {
  test(`S9 S28: a far end that answers ${status} is named in plain words, the SIP cause kept`, async ({
    desk,
    phone,
    callsPage,
  }) => {
    await desk.bar.openDialler();
    await desk.dialler.place(CUSTOMER);
    await phone.expectToBe("ringing");
    await phone.refuse(status);
    await expect(desk.centre).toContainText(words);
    await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
    await desk.goTo("通話一覧");
    await callsPage.row("090-1234-5678").first().click();
    await expect(callsPage.detail).toContainText(words);
    await expect(callsPage.detail).toContainText(String(status));
  });
}

test("S3: logging out is refused during a call", async ({ desk, phone, page }) => {
  await desk.bar.openDialler();
  await desk.dialler.place(CUSTOMER);
  await phone.expectToBe("ringing");
  await phone.answer();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await desk.bar.state.click();
  await expect(page.getByRole("menuitem", { name: "ログアウト" })).toBeDisabled();
});

test("S8: what is no number is not dialled, and the dialler says why", async ({ desk }) => {
  await desk.bar.openDialler();
  await expect(desk.dialler.placeCallButton).toBeDisabled();
  await desk.dialler.destination.fill("0901234");
  await expect(desk.dialler.placeCallButton).toBeDisabled();
  await expect(desk.dialler.dialog).toContainText("電話番号として読めません");
});
