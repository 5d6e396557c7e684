import { CUSTOMER_HZ, expect, expectAgentSince, expectHoldByEar, test } from "../fixtures/by-ear.js";

test("S15 S23 S24 S25: by ear, baresip calls in A-law: before, during and after a hold", async ({
  calls,
  desk,
  ear,
}) => {
  const peer = await calls("PCMA");
  await desk.incoming.answer();
  await expectHoldByEar({ peer, desk, ear });
});

test("S9 S23 S24 S25: by ear, baresip is called in µ-law: before, during and after a hold", async ({
  awaits,
  readyAgent,
  desk,
  ear,
}) => {
  const peer = await awaits("PCMU");
  await desk.bar.openDialler();
  await desk.dialler.chooseCallerNumber(readyAgent.numberLabel);
  await desk.dialler.place("09012345678");
  await expectHoldByEar({ peer, desk, ear });
});

// What keeps an idle softphone's audio alive or lets it die: consent, a NAT's bindings, the browser's own economies.
test("C1: by ear, each hears the other at once after a minute without a call", async ({ calls, desk, ear }) => {
  await expect(desk.bar.state.getByRole("timer")).toHaveText(/^1:0\d$/, { timeout: 90_000 });
  const peer = await calls("PCMU");
  await desk.incoming.answer();
  await expectAgentSince(peer, 0);
  await ear.expectTone(CUSTOMER_HZ);
});

test("by ear, each still hears the other after a minute of talk", async ({ calls, desk, ear }) => {
  const peer = await calls("PCMU");
  await desk.incoming.answer();
  await expectAgentSince(peer, 0);
  await expect(desk.bar.state.getByRole("timer")).toHaveText(/^0:5[0-4]$/, { timeout: 90_000 });
  await ear.expectTone(CUSTOMER_HZ);
  await expectAgentSince(peer, (await peer.heard()).windows);
});
