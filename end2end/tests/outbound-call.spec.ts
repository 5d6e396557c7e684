import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";

test.beforeEach(async ({ signIn, agent, desk }) => {
  await signIn(agent);
  await desk.bar.logInButton.click();
});

test("S2 S3: the bar shows the extension, and logging in offers the states", async ({ agent, desk, page }) => {
  await expect(desk.bar.region).toContainText(agent.extension);
  await desk.bar.state.click();
  for (const state of ["待機", "未待機", "昼休み", "ログアウト"]) {
    await expect(page.getByRole("menu").getByText(state, { exact: true })).toBeVisible();
  }
});

test("S5 S7 S8 S9 A25: the dialler places a call that shows the chosen number", async ({ agent, desk, phone }) => {
  await desk.bar.callButton.click();
  await expect(desk.dialler.destination).toHaveValue("");
  await desk.dialler.chooseCallerNumber(agent.numberLabel);
  await desk.dialler.place(CUSTOMER);
  await phone.expectToBe("ringing");
  await phone.answer();
  await expect(desk.bar.state).toContainText("通話中");
  await phone.expectToHear("voice");
});

test("S9: a busy customer is named in plain words", async ({ desk, phone }) => {
  await desk.bar.callButton.click();
  await desk.dialler.place(CUSTOMER);
  await phone.expectToBe("ringing");
  await phone.refuse(486);
  await expect(desk.bar.region).toContainText("お話し中でした");
});

test("S3: logging out is refused during a call", async ({ desk, phone, page }) => {
  await desk.bar.callButton.click();
  await desk.dialler.place(CUSTOMER);
  await phone.expectToBe("ringing");
  await phone.answer();
  await expect(desk.bar.state).toContainText("通話中");
  await desk.bar.state.click();
  await expect(page.getByRole("menuitem", { name: "ログアウト" })).toBeDisabled();
});
