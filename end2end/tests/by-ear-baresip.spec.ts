import { Baresip } from "../fixtures/baresip.js";
import { expect, test as base } from "../fixtures/index.js";
import { MICROPHONE_HZ } from "../fixtures/microphone.js";

/** Far from the microphone's tone and from its harmonics. */
const CUSTOMER_HZ = 617;
/** A tone is there from this level on, in dBFS: above what the hold music has at the microphone's tone. */
const THERE = -36;
/** Windows of a tenth of a second that are listened to in each part of the call. */
const LONG = 20;

interface Fixtures {
  /** A customer who rings the agent's number and plays a tone. */
  customer: () => Promise<Baresip>;
}

const test = base.extend<Fixtures>({
  customer: async ({ demoServer, agent }, use) => {
    const callers: Baresip[] = [];
    await use(async () => {
      const number = agent.number.replace("+81", "0");
      const caller = await Baresip.call("+819012345678", `sip:${number}@${demoServer.sip}`, CUSTOMER_HZ);
      callers.push(caller);
      return caller;
    });
    for (const caller of callers) await caller.destroy();
  },
});

test("S15 S24 S25: by ear against baresip, tone by tone, before, during and after a hold", async ({
  agent,
  customer,
  signIn,
  desk,
  ear,
}) => {
  await signIn(agent);
  await desk.bar.startShift();
  const peer = await customer();
  /** The customer has heard, from this window on, the agent's tone for so long. */
  const expectAgentSince = async (from: number): Promise<void> => {
    const there = async (): Promise<number> =>
      (await peer.heard())
        .part(from)
        .tone(MICROPHONE_HZ)
        .filter((db) => db > THERE).length;
    await expect.poll(there, { message: "the customer hears the agent" }).toBeGreaterThan(LONG);
  };

  await desk.incoming.answer();
  await expectAgentSince(0);
  await ear.expectTone(CUSTOMER_HZ);

  const hold = (await peer.heard()).windows;
  await desk.bar.holdButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("保留中"));
  // Sound of before may still be on its way; from the first window without it on there must be none.
  const left = async (): Promise<number> =>
    (await peer.heard())
      .part(hold)
      .tone(MICROPHONE_HZ)
      .findIndex((db) => db < THERE);
  await expect.poll(left, { message: "the customer no longer hears the agent" }).toBeGreaterThanOrEqual(0);
  // One window more: the tone may end in the middle of one.
  const held = hold + (await left()) + 1;
  await expect.poll(async () => (await peer.heard()).windows).toBeGreaterThan(held + LONG);
  await ear.expectTone(CUSTOMER_HZ);

  const resume = (await peer.heard()).windows;
  await desk.bar.resumeButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("通話中"));
  await expectAgentSince(resume);
  await ear.expectTone(CUSTOMER_HZ);
  await desk.bar.hangUpButton.click();
  await expect(desk.bar.state).toHaveAccessibleName(desk.bar.named("後処理"));
  await peer.stop();

  const heard = await peer.heard();
  const agentDb = heard.part(hold - 10, hold).toneOver(MICROPHONE_HZ);
  expect(agentDb, "the agent before the hold").toBeGreaterThan(THERE);
  // G.711's rounding of the music leaves some 60 dB below the agent to be measured; and in its second second the tune
  // has an overtone near the microphone's tone, which is no leak.
  expect(heard.part(held, held + 10).toneOver(MICROPHONE_HZ), "the agent in the hold").toBeLessThan(agentDb - 50);
  expect(heard.part(held, resume).toneOver(MICROPHONE_HZ), "the agent in the hold").toBeLessThan(agentDb - 20);
  expect(Math.min(...heard.part(held, resume).level()), "the music").toBeGreaterThan(THERE);
  const back =
    resume +
    1 +
    heard
      .part(resume)
      .tone(MICROPHONE_HZ)
      .findIndex((db) => db > THERE);
  for (const [when, part] of [
    ["before the hold", heard.part(1, hold)],
    ["after the hold", heard.part(back, back + LONG)],
  ] as const) {
    expect(Math.max(...part.tone(CUSTOMER_HZ)), `the customer's echo ${when}`).toBeLessThan(agentDb - 50);
  }
  expect(heard.part(back, back + LONG).toneOver(MICROPHONE_HZ), "the agent after the hold").toBeGreaterThan(THERE);
});
