import { expect, test } from "../fixtures/index.js";

test("C7: from the demo's page a newcomer rings the desk, hears what the customer hears, and takes the desk's call", async ({
  agent,
  signIn,
  desk,
  phone,
  context,
}) => {
  expect(phone).toBeDefined();
  await signIn(agent);
  await desk.bar.startShift();
  const customer = await context.newPage();
  await customer.goto("/demo");
  await expect(customer.getByText("デモモードで動作しています。実在の電話にはつながりません。")).toBeVisible();
  const heard = customer.getByRole("status", { name: /お客様に聞こえている音/ });
  await customer.getByLabel("自分の番号").selectOption("+819012345678");
  await customer.getByLabel("かける先").selectOption(agent.number);
  await customer.getByRole("button", { name: "窓口に電話する" }).click();
  await expect(heard).toHaveText("呼出音");
  await desk.incoming.answer();
  await expect(heard).toHaveText("オペレーターの声");
  await desk.bar.holdButton.click();
  await expect(heard).toHaveText("保留音");
  await customer.getByRole("button", { name: "電話を切る" }).click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await desk.bar.openDialler();
  await desk.dialler.place("09012345678");
  await expect(customer.getByText(/から着信/)).toBeVisible();
  await customer.getByRole("button", { name: "電話に出る" }).click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await expect(heard).toHaveText("オペレーターの声");
});
