import { Baresip } from "../fixtures/baresip.js";
import { expectAccessible } from "../fixtures/axe.js";
import { test as base, expect } from "../fixtures/index.js";
import { Pbx } from "../fixtures/pbx.js";
import { soon } from "../fixtures/soon.js";

const COLLEAGUE_HZ = 617;

const test = base.extend<{ pbx: Pbx }>({
  pbx: async ({}, use) => {
    const pbx = await Pbx.start();
    await use(pbx);
    await pbx.destroy();
  },
});

test("an extension gets an account at a PBX, each wrong field is named, and the password never comes back", async ({
  administrator,
  agent,
  desk,
  page,
  pbx,
  settingsPage,
  signIn,
}) => {
  await signIn(administrator);
  await desk.goTo("設定");
  await settingsPage.open("内線番号");
  await settingsPage.row(agent.extension).click();
  await expect(settingsPage.field("SIPサーバー")).toBeHidden();
  await page.getByLabel("構内交換機に登録する").check();
  await settingsPage.field("SIPサーバー").fill("sip..example");
  await settingsPage.field("ポート").fill(String(pbx.port));
  await settingsPage.save();
  await expect(settingsPage.field("構内交換機での内線番号")).toHaveAccessibleDescription(/この項目は必須です/);
  await expect(settingsPage.field("認証パスワード")).toHaveAccessibleDescription(/この項目は必須です/);
  await settingsPage.field("SIPサーバー").fill("127.0.0.1");
  await settingsPage.field("構内交換機での内線番号").fill(`desk-${agent.extension}`);
  await settingsPage.field("認証パスワード").fill(Pbx.password);
  await settingsPage.save();
  await expect(settingsPage.saveRow).toContainText("保存しました");
  await expect(settingsPage.field("認証パスワード")).toHaveValue("");
  await expect(settingsPage.row(agent.extension)).toContainText("未ログイン");
  await expectAccessible(page);
});

test("C6: a call to the extension at the PBX rings its agent, and the log says why", async ({
  admin,
  agent,
  callsPage,
  desk,
  ear,
  page,
  pbx,
  signIn,
}) => {
  const account = `desk-${agent.extension}`;
  const found = (await admin.extensions()).find((extension) => extension.number === agent.extension);
  await admin.call("settings/save_extension", {
    extension: {
      ...found,
      account: {
        ...{ host: "127.0.0.1", port: pbx.port, transport: "udp", domain: null, username: account },
        ...{ auth_username: null, password: Pbx.password, has_password: false, codecs: ["pcmu"] },
        state: "off",
      },
    },
  });
  await signIn(agent);
  await desk.bar.startShift();
  const state = async (): Promise<unknown> =>
    (await admin.extensions()).find((extension) => extension.number === agent.extension)?.account?.state;
  await expect.poll(state, soon("the extension is registered")).toHaveProperty("registered");

  await desk.bar.openDialler();
  await expect(desk.dialler.callerNumber.getByRole("option", { name: `内線番号 ${agent.extension}` })).toHaveCount(1);
  await page.keyboard.press("Escape");

  const caller = { number: "1002", codec: "PCMU", hz: COLLEAGUE_HZ } as const;
  const colleague = await Baresip.calls(`sip:${account}@127.0.0.1:${pbx.port}`, caller);
  try {
    await expect(desk.incoming.dialog).toContainText("1002");
    await desk.incoming.answer();
    await ear.expectTone(COLLEAGUE_HZ);
    await desk.inCall.end();
    await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  } finally {
    await colleague.destroy();
  }
  await desk.goTo("通話一覧");
  await callsPage.row("1002").first().click();
  await expect(callsPage.detail).toContainText(`内線 ${agent.extension} 宛の着信です`);
});
