import { Coturn } from "../fixtures/coturn.js";
import { expect, test as base } from "../fixtures/index.js";
import { Server } from "../fixtures/server.js";

const CUSTOMER = "09012345678";

// A server that names a relay to its desks.
const test = base.extend<object, { relay: Coturn }>({
  relay: [
    async ({}, use) => {
      const relay = await Coturn.start();
      await use(relay);
      await relay.destroy();
    },
    { scope: "worker" },
  ],
  demoServer: [
    async ({ relay }, use, { parallelIndex }) => {
      const server = await Server.prepare({ demo: true, worker: parallelIndex, settings: relay.settings });
      await server.start();
      await use(server);
      await server.destroy();
    },
    { scope: "worker" },
  ],
});

for (const transport of ["udp", "tcp"]) {
  test(`C1: a browser that nothing but a relay over ${transport} reaches hears and is heard`, async ({
    agent,
    desk,
    ear,
    page,
    phone,
    signIn,
  }) => {
    expect(ear).toBeDefined();
    await page.addInitScript((wanted) => {
      const connections: RTCPeerConnection[] = [];
      const Native = window.RTCPeerConnection;
      // As on a network that lets this kind of traffic to the relay alone.
      window.RTCPeerConnection = class extends Native {
        constructor(configuration?: RTCConfiguration) {
          const iceServers = (configuration?.iceServers ?? []).map((server) => ({
            ...server,
            urls: [server.urls].flat().filter((url) => url.endsWith(`transport=${wanted}`)),
          }));
          super({ ...configuration, iceServers, iceTransportPolicy: "relay" });
          connections.push(this);
        }
      };
      Object.assign(window, {
        waysForTest: async () => {
          const ways = new Set<string>();
          for (const connection of connections) {
            const stats = (await connection.getStats()) as unknown as Map<string, Record<string, unknown>>;
            for (const pair of stats.values()) {
              if (pair.type !== "candidate-pair" || pair.state !== "succeeded") continue;
              const local = stats.get(String(pair.localCandidateId));
              ways.add(`${String(local?.candidateType)} ${String(local?.relayProtocol)}`);
            }
          }
          return [...ways];
        },
      });
    }, transport);
    await signIn(agent);
    await desk.bar.startShift();
    await phone.call(CUSTOMER, agent.number);
    await desk.incoming.answer();
    await phone.expectToHear("voice");
    await ear.expectSound();
    const ways = await page.evaluate(() =>
      (window as unknown as { waysForTest: () => Promise<string[]> }).waysForTest(),
    );
    expect(ways).toEqual([`relay ${transport}`]);
  });
}
