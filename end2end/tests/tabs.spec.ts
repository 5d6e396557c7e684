import { expect, test } from "../fixtures/index.js";
import { Desk } from "../pages/desk.js";

const CUSTOMER = "09012345678";

test("A1: a second tab says that the softphone is elsewhere, takes it over, and only it rings", async ({
  agent,
  signIn,
  desk,
  phone,
  context,
  page,
  say,
}) => {
  await signIn(agent);
  await desk.bar.startShift();
  const second = await context.newPage();
  const newer = new Desk(second, say);
  await second.goto("/");
  await expect(newer.bar.region).toContainText("別の画面で使用中");
  await phone.call(CUSTOMER, agent.number);
  await expect(desk.incoming.answerButton).toBeVisible();
  await expect(newer.incoming.dialog).toBeHidden();
  await phone.hangUp();
  await expect(desk.incoming.answerButton).toBeHidden();
  await newer.bar.useHereButton.click();
  await expect(newer.bar.callButton).toBeVisible();
  await expect(desk.bar.region).toContainText("別の画面で使用中");
  await expect(desk.bar.useHereButton).toBeVisible();
  await newer.bar.choose("待機");
  await expect(newer.bar.state).toHaveAccessibleName(newer.bar.named("待機"));
  await phone.call(CUSTOMER, agent.number);
  await expect(newer.incoming.answerButton).toBeVisible();
  await expect(desk.incoming.dialog).toBeHidden();
  await newer.incoming.answer();
  await phone.expectToHear("voice");
  await page.close();
  await phone.expectToHear("voice");
});
