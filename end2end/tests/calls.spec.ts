import { expectAccessible } from "../fixtures/axe.js";
import { expect, test } from "../fixtures/index.js";

test("an abandoned call stands apart, is called back with one press, and is marked as called back", async ({
  admin,
  agent,
  signIn,
  desk,
  phone,
  callsPage,
  page,
}) => {
  const n = admin.unique();
  const customer = `0802${n}0`;
  const shown = new RegExp(`080-2${n.slice(0, 3)}-${n.slice(3)}0`);
  await signIn(agent);
  await desk.bar.logIn();
  await phone.call(customer, agent.number);
  await phone.expectToHear("music");
  await phone.hangUp();
  await desk.goTo("通話一覧");
  await callsPage.show("放棄呼");
  await expect(callsPage.row(agent.queue)).toContainText(shown);
  await expect(callsPage.row(agent.queue)).toContainText("放棄呼");
  await expectAccessible(page);
  await callsPage.callBack(agent.queue);
  await expect(desk.dialler.destination).toHaveValue(shown);
  await expect(desk.dialler.placeCallButton).toBeFocused();
  await desk.dialler.placeCallButton.click();
  await phone.expectToBe("ringing");
  await phone.answer();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await desk.inCall.end();
  await expect(callsPage.row(agent.queue)).toContainText("折り返し済み");
  await callsPage.show("発信");
  await expect(callsPage.row(agent.name)).toContainText(shown);
  await expect(callsPage.row(agent.name)).not.toContainText("放棄呼");
});

test("a part of a number finds its calls", async ({ admin, agent, signIn, desk, phone, callsPage }) => {
  const n = admin.unique();
  await signIn(agent);
  await desk.bar.logIn();
  await phone.call(`0803${n}0`, agent.number);
  await phone.expectToHear("music");
  await phone.hangUp();
  await desk.goTo("通話一覧");
  await callsPage.search.fill(`3${n}`);
  await expect(callsPage.row(agent.queue)).toHaveCount(1);
  await callsPage.search.fill("99999999");
  await expect(callsPage.row(agent.queue)).toHaveCount(0);
});
