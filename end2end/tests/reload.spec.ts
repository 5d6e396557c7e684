import type { Page } from "@playwright/test";

import { Ear } from "../fixtures/ear.js";
import { expect, test } from "../fixtures/index.js";
import { Desk } from "../pages/desk.js";
import { SignInPage } from "../pages/sign-in.js";

const CUSTOMER = "09012345678";

test.beforeEach(async ({ agent, signIn, desk, phone, ear, page }) => {
  expect(ear).toBeDefined();
  await page.addInitScript(() => {
    const connections: RTCPeerConnection[] = [];
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        connections.push(this);
      }
    };
    Object.assign(window, {
      connectionsForTest: connections,
      loseTheMicrophoneForTest: () => {
        for (const sender of connections.flatMap((connection) => connection.getSenders()))
          void sender.replaceTrack(null);
      },
    });
  });
  // In a call the browser asks before the page goes.
  page.on("dialog", (dialog) => void dialog.accept());
  await signIn(agent);
  await desk.bar.startShift();
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
  await ear.expectSound();
});

/** Notes for the reader of the report how long the page took from its load to sound both ways. */
function noteTime(page: Page): () => void {
  let up = 0;
  page.once("load", () => (up = Date.now()));
  return () => {
    const ms = Date.now() - up;
    test.info().annotations.push({ type: "page up to sound both ways", description: `${ms} ms` });
  };
}

test("C2: after a reload in a call both hear each other again without a press, in the same call", async ({
  agent,
  desk,
  phone,
  ear,
  page,
  callsPage,
}) => {
  const done = noteTime(page);
  await page.reload();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await expect(desk.bar.region).not.toContainText("通話は維持されています");
  await ear.expectSound();
  // Not the comfort tone, which ends with the words above.
  await phone.expectToHear("voice");
  done();
  await desk.bar.hangUpButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await desk.goTo("通話一覧");
  const row = callsPage.rows.filter({ hasText: agent.name });
  await expect(row).toHaveCount(1);
  await row.click();
  await expect(page.getByText("音声が途切れ、通話を維持")).toBeVisible();
});

test("C2: a page that goes in a hold leaves the hold, one that goes in the talk leaves the customer on the line, and both come back", async ({
  desk,
  phone,
  ear,
  page,
}) => {
  await desk.bar.holdButton.click();
  await phone.expectToHear("music");
  await page.goto("about:blank");
  await phone.expectToHear("music");
  await page.goto("/");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("保留中"));
  await ear.expectSound();
  await desk.bar.resumeButton.click();
  await phone.expectToHear("voice");
  await page.goto("about:blank");
  await phone.expectToHear("silence");
  await phone.expectToBe("talking");
  await page.goto("/");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await expect(desk.bar.region).not.toContainText("通話は維持されています");
  await phone.expectToHear("voice");
});

test("C2: in a new page after its renderer crashed the agent is in the same call without a press", async ({
  phone,
  page,
  context,
  say,
}) => {
  const crash = page.waitForEvent("crash");
  const devtools = await context.newCDPSession(page);
  // It never answers: nobody is left to.
  devtools.send("Page.crash").catch(() => undefined);
  await crash;
  const second = await context.newPage();
  const ear = await Ear.on(second);
  const desk = new Desk(second, say);
  const done = noteTime(second);
  await second.goto("/");
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await expect(desk.bar.region).not.toContainText("通話は維持されています");
  await ear.expectSound();
  // Not the comfort tone, which ends with the words above.
  await phone.expectToHear("voice");
  done();
});

test("A1 C2: another PC takes a call over; the first one neither hears nor speaks any more", async ({
  agent,
  desk,
  phone,
  ear,
  browser,
  demoServer,
  say,
}) => {
  const context = await browser.newContext({ baseURL: demoServer.url, locale: "ja-JP" });
  const page = await context.newPage();
  const otherEar = await Ear.on(page);
  const other = new Desk(page, say);
  const signIn = new SignInPage(page, say);
  await signIn.open();
  await signIn.signIn(agent.login, agent.password);
  await expect(other.bar.region).toContainText("別の画面で使用中");
  await other.bar.useHereButton.click();
  await expect(other.bar.state).toHaveAccessibleName(other.bar.named("通話中"));
  await expect(desk.bar.region).toContainText("別の画面で使用中");
  await otherEar.expectSound();
  await ear.expectSilence();
  await expect(other.bar.region).not.toContainText("通話は維持されています");
  await phone.expectToHear("voice");
  await other.bar.hangUpButton.click();
  await expect(other.bar.state).toHaveAccessibleName(other.bar.named("後処理"));
  await context.close();
});

test("C3: a connection over which the agent is no longer heard is made anew in the call, without a press", async ({
  desk,
  phone,
  page,
  ear,
}) => {
  // The connection stands and carries nothing, as after a change of network that the browser has not noticed.
  await page.evaluate(() => {
    (window as unknown as { loseTheMicrophoneForTest: () => void }).loseTheMicrophoneForTest();
  });
  await expect(desk.bar.region).toContainText("通話は維持されています");
  await expect(desk.bar.region).not.toContainText("通話は維持されています");
  await phone.expectToHear("voice");
  await ear.expectSound();
});

/** How many connections this page has made so far. */
const connections = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as { connectionsForTest: RTCPeerConnection[] }).connectionsForTest.length);

/** By what name the newest connection's ways are known, once they are found; empty until then. */
const ways = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const last = (window as unknown as { connectionsForTest: RTCPeerConnection[] }).connectionsForTest.at(-1);
    const wanted = /a=ice-ufrag:(\S+)/.exec(last?.currentLocalDescription?.sdp ?? "")?.[1];
    const stats = [...((await last?.getStats()) as unknown as Map<string, Record<string, unknown>>).values()];
    const transport = stats.find(({ type }) => type === "transport");
    const found = transport?.iceState === "connected" || transport?.iceState === "completed";
    return found && transport.iceLocalUsernameFragment === wanted ? (wanted ?? "") : "";
  });

test("C3: after a change of network in a call the same connection finds its ways anew", async ({
  desk,
  phone,
  page,
  context,
  ear,
}) => {
  await expect.poll(() => ways(page)).not.toBe("");
  const [before, former] = [await connections(page), await ways(page)];
  await context.setOffline(true);
  await context.setOffline(false);
  await expect.poll(async () => ["", former].includes(await ways(page))).toBe(false);
  await phone.expectToHear("voice");
  await ear.expectSound();
  await desk.bar.holdButton.click();
  await phone.expectToHear("music");
  await desk.bar.resumeButton.click();
  await phone.expectToHear("voice");
  expect(await connections(page)).toBe(before);
});

test("C3: where the ways are not found anew, the connection is made anew in the call", async ({
  desk,
  phone,
  page,
  context,
  ear,
}) => {
  await page.route("**/api/telephony/restart_audio", (route) => route.abort());
  const before = await connections(page);
  await context.setOffline(true);
  await context.setOffline(false);
  await expect.poll(() => connections(page)).toBe(before + 1);
  await expect(desk.bar.region).not.toContainText("通話は維持されています");
  await phone.expectToHear("voice");
  await ear.expectSound();
});

test("C3: between calls a connection that carries nothing towards the server is made anew", async ({
  desk,
  phone,
  page,
  agent,
}) => {
  await phone.hangUp();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  const echoes = (): Promise<number> =>
    page.evaluate(async () => {
      const last = (window as unknown as { connectionsForTest: RTCPeerConnection[] }).connectionsForTest.at(-1);
      const stats = [...((await last?.getStats()) as unknown as Map<string, Record<string, unknown>>).values()];
      return Number(stats.find(({ type }) => type === "data-channel")?.messagesReceived ?? 0);
    });
  await expect.poll(echoes).toBeGreaterThan(1);
  const before = await connections(page);
  const since = await page.evaluate(() => {
    RTCDataChannel.prototype.send = () => undefined;
    return performance.now();
  });
  await expect.poll(() => connections(page)).toBe(before + 1);
  const ms = Math.round((await page.evaluate(() => performance.now())) - since);
  test.info().annotations.push({ type: "from the first lost probe to a new connection", description: `${ms} ms` });
  await desk.bar.choose("待機");
  await desk.leave.goAnywayButton.click();
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
});

test("C3: between calls a connection on which nothing comes is made anew", async ({ desk, phone, page, agent }) => {
  await phone.hangUp();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  const before = await connections(page);
  // What the browser says about this connection stands still from here on, as on one that is dead.
  await page.evaluate(() => {
    const last = (window as unknown as { connectionsForTest: RTCPeerConnection[] }).connectionsForTest.at(-1);
    const still = last?.getStats();
    if (last && still) last.getStats = () => still;
  });
  await expect.poll(() => connections(page)).toBe(before + 1);
  await desk.bar.choose("待機");
  await desk.leave.goAnywayButton.click();
  await phone.call(CUSTOMER, agent.number);
  await desk.incoming.answer();
  await phone.expectToHear("voice");
});
