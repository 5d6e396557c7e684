import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";

test.beforeEach(async ({ signIn, agent, desk, ear }) => {
  expect(ear).toBeDefined();
  await signIn(agent);
  await desk.bar.startShift();
});

test("S23 S24 S25: by ear, before, during and after a hold: music instead of the agent, and the customer still heard", async ({
  agent,
  phone,
  desk,
  ear,
}) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await phone.expectToHearLoudly(-40);
  await ear.expectSound();
  // Only the customer is heard: no echo of the agent, and no music of ours.
  await phone.speak(false);
  await ear.expectSilence();
  await desk.bar.holdButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("保留中"));
  await expect(desk.bar.customerIsHeard).toBeVisible();
  await phone.expectToHear("music");
  await ear.expectSilence();
  await phone.speak(true);
  await ear.expectSound();
  await phone.expectToHear("music");
  await desk.bar.resumeButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await phone.expectToHear("voice");
  await ear.expectSound();
});

test("by ear: both are heard again at once after neither has said anything", async ({ agent, phone, desk, ear }) => {
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.speak(false);
  await ear.expectSilence();
  await expect(desk.inCall.dialog.getByRole("timer")).toHaveText(/^0:0[6-9]$/);
  await ear.expectSilence();
  await phone.expectToHear("voice");
  await phone.speak(true);
  await ear.expectSound();
});
