import { CUSTOMER_HZ, expect, expectAgentSince, expectHoldByEar, test } from "../fixtures/by-ear.js";

// Each way and each law is here once; the other two pairs, and a minute's silence, are among the long tests.
test("S15 S23 S24 S25: by ear, baresip calls in µ-law: before, during and after a hold", async ({
  calls,
  desk,
  ear,
}) => {
  const peer = await calls("PCMU");
  await desk.incoming.answer();
  await expectHoldByEar({ peer, desk, ear });
});

test("S9 S23 S24 S25: by ear, baresip is called in A-law: before, during and after a hold", async ({
  awaits,
  readyAgent,
  desk,
  ear,
}) => {
  const peer = await awaits("PCMA");
  await desk.bar.openDialler();
  await desk.dialler.chooseCallerNumber(readyAgent.numberLabel);
  await desk.dialler.place("09012345678");
  await expectHoldByEar({ peer, desk, ear });
});

test("C1: by ear, each hears the other at once after a few seconds without a call", async ({ calls, desk, ear }) => {
  await expect(desk.bar.state.getByRole("timer")).toHaveText(/^0:0[5-9]$/);
  const peer = await calls("PCMU");
  await desk.incoming.answer();
  await expectAgentSince(peer, 0);
  await ear.expectTone(CUSTOMER_HZ);
});
