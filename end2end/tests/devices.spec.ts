import type { Page } from "@playwright/test";

import { expect, test } from "../fixtures/index.js";

const CUSTOMER = "09012345678";

/** Lets a test pull devices out of a browser whose own fake ones are soldered in, and see which microphones are asked for. */
async function withPlugs(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const gone = new Set<string>();
    const opened: string[] = [];
    const devices = navigator.mediaDevices;
    const list = devices.enumerateDevices.bind(devices);
    devices.enumerateDevices = async () => (await list()).filter(({ label }) => !gone.has(label));
    const ask = devices.getUserMedia.bind(devices);
    const tracks: MediaStreamTrack[] = [];
    devices.getUserMedia = async (wishes) => {
      const stream = await ask(wishes);
      for (const track of stream.getAudioTracks()) {
        opened.push(track.label);
        tracks.push(track);
      }
      return stream;
    };
    Object.assign(window, {
      openedByTest: opened,
      plug: (label: string, there: boolean) => {
        if (there) gone.delete(label);
        else gone.add(label);
        devices.dispatchEvent(new Event("devicechange"));
        for (const track of tracks) {
          if (!there && track.label === label && track.readyState === "live") {
            track.stop();
            track.dispatchEvent(new Event("ended"));
          }
        }
      },
    });
  });
}

const plug = (page: Page, label: string, there: boolean): Promise<void> =>
  page.evaluate(
    ([label, there]) => {
      (window as unknown as { plug: (label: string, there: boolean) => void }).plug(label, there);
    },
    [label, there] as const,
  );

const opened = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as unknown as { openedByTest: string[] }).openedByTest);

test("C1: microphone, speaker and ringer are chosen, remembered, and used", async ({
  agent,
  signIn,
  desk,
  phone,
  page,
}) => {
  await withPlugs(page);
  await signIn(agent);
  await desk.bar.startShift();
  await desk.bar.choose("音声の設定");
  const panel = page.getByRole("dialog", { name: "音声の設定" });
  const microphone = panel.getByRole("combobox", { name: "マイク" });
  await expect(panel.getByRole("meter", { name: "マイクの音量" })).toBeVisible();
  await microphone.selectOption({ label: "Fake Audio Input 1" });
  await panel.getByRole("combobox", { name: "スピーカー" }).selectOption({ label: "Fake Audio Output 1" });
  await panel.getByRole("combobox", { name: "着信音" }).selectOption({ label: "Fake Audio Output 2" });
  await expect.poll(async () => (await opened(page)).at(-1)).toBe("Fake Audio Input 1");
  const sink = (): Promise<string> =>
    page.evaluate(async () => {
      const id = (document.querySelector("audio") as HTMLAudioElement & { sinkId: string }).sinkId;
      const devices = await navigator.mediaDevices.enumerateDevices();
      return devices.find((device) => device.kind === "audiooutput" && device.deviceId === id)?.label ?? "";
    });
  await expect.poll(sink).toBe("Fake Audio Output 1");
  await panel.getByRole("button", { name: "テスト音を鳴らす" }).click();
  await panel.getByRole("button", { name: "閉じる" }).click();

  await page.reload();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
  await expect.poll(async () => (await opened(page)).at(-1)).toBe("Fake Audio Input 1");
  await expect.poll(sink).toBe("Fake Audio Output 1");
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
});

test("C1: a microphone that is pulled out is replaced, named in the bar, and taken back when it returns", async ({
  agent,
  signIn,
  desk,
  phone,
  page,
}) => {
  await withPlugs(page);
  await signIn(agent);
  await desk.bar.startShift();
  await desk.bar.choose("音声の設定");
  const panel = page.getByRole("dialog", { name: "音声の設定" });
  await panel.getByRole("combobox", { name: "マイク" }).selectOption({ label: "Fake Audio Input 1" });
  await expect.poll(async () => (await opened(page)).at(-1)).toBe("Fake Audio Input 1");
  await panel.getByRole("button", { name: "閉じる" }).click();

  await plug(page, "Fake Audio Input 1", false);
  await expect.poll(async () => (await opened(page)).at(-1)).not.toBe("Fake Audio Input 1");
  await expect(desk.bar.region.getByText("Fake Audio Input 1 がありません")).toBeVisible();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("待機"));
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");

  await plug(page, "Fake Audio Input 1", true);
  await expect.poll(async () => (await opened(page)).at(-1)).toBe("Fake Audio Input 1");
  await phone.expectToHear("voice");
  await expect(desk.bar.region.getByText("Fake Audio Input 1 がありません")).toBeHidden();
});
