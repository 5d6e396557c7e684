import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";

test("キーパッド: keys pressed and typed go to the call once, in order, and are shown until it ends", async ({
  agent,
  signIn,
  desk,
  phone,
  page,
}) => {
  const sent: string[] = [];
  const presses = new Set<string>();
  page.on("request", (request) => {
    if (!request.url().endsWith("/api/telephony/press_keys")) return;
    const { press, keys } = request.postDataJSON() as { press: string; keys: string[] };
    if (!presses.has(press)) sent.push(...keys);
    presses.add(press);
  });
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");

  // Closed, it takes nothing from the keyboard.
  await page.keyboard.press("9");
  await desk.inCall.keypadButton.click();
  await desk.inCall.keypad.getByRole("button", { name: "1", exact: true }).click();
  await page.keyboard.type("59#");
  await expect(desk.inCall.keyed).toHaveText("159#");
  await expect.poll(() => sent.join("")).toBe("159#");
  await phone.expectToHear("voice");

  // On hold a machine hears music, and no keys.
  await desk.bar.holdButton.click();
  await expect(desk.bar.resumeButton).toBeVisible();
  await page.keyboard.press("3");
  await expect(desk.inCall.keypadButton).toHaveAttribute("aria-disabled", "true");
  await desk.bar.resumeButton.click();
  await expect(desk.inCall.keypadButton).not.toHaveAttribute("aria-disabled", "true");
  await page.keyboard.press("*");
  await expect(desk.inCall.keyed).toHaveText("159#*");
  await expect.poll(() => sent.join("")).toBe("159#*");

  await desk.inCall.end();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await expect(desk.inCall.dialog).toBeHidden();
});

test("キーパッド: a press whose answer is lost is sent again under its own name, and none overtakes it", async ({
  agent,
  signIn,
  desk,
  phone,
  page,
}) => {
  const tries: { press: string; keys: string[] }[] = [];
  let failures = 1;
  await page.route("**/api/telephony/press_keys", async (route) => {
    tries.push(route.request().postDataJSON() as { press: string; keys: string[] });
    if (failures > 0) {
      failures -= 1;
      // It arrives; its answer does not.
      await route.fetch();
      await route.abort();
    } else {
      await route.continue();
    }
  });
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await desk.inCall.keypadButton.click();
  await page.keyboard.type("12");
  await expect.poll(() => tries.length).toBe(3);
  const [first, again, second] = tries;
  expect(again?.press).toBe(first?.press);
  expect([first?.keys, again?.keys, second?.keys]).toEqual([["1"], ["1"], ["2"]]);
  await expect(desk.inCall.keyed).toHaveText("12");
});
