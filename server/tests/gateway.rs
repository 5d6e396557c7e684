//! The media gateway by ear: a browser on one side, a trunk on the other, real sockets between them.
//!
//! Each plays a tone of its own and must hear exactly what its route says, and nothing of what it does not.

#[cfg(test)]
mod gateway_peers;

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use domain::telephony::quality::Verdict;
    use media::Codec;
    use media::rtcp::{self, Report};
    use media::rtp::Header;
    use server::telephony::gateway::{Down, Gateway, GatewayError, KeyTypes, LegEvent, Route};

    use super::gateway_peers::browser::Offered;
    use super::gateway_peers::trunk::Trunk;
    use super::gateway_peers::{
        HERE, MUSIC, Packet, agent, assert_only, call, connected, gateway, measured, next, sound,
    };

    const AGENT: f64 = 997.0;
    const CUSTOMER: f64 = 443.0;
    /// Two seconds.
    const LONG: usize = 100;

    /// Opens a leg for a trunk that plays [`CUSTOMER`], and aims it.
    async fn customer(gateway: &Gateway, codec: Codec) -> (domain::ids::InteractionId, Trunk) {
        let call = call();
        let address = gateway.open_customer(call).await.unwrap();
        let trunk = Trunk::new(address, codec, CUSTOMER, 0xC0FF_EE01);
        gateway.aim_customer(call, trunk.address, codec, Some(101));
        (call, trunk)
    }

    /// One stream without a break: consecutive numbers, timestamps by the samples.
    fn assert_in_step(packets: &[Packet]) {
        for pair in packets.windows(2) {
            assert_eq!(pair[1].ssrc, pair[0].ssrc);
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(160), "{:?}", pair[1].marker);
        }
    }

    /// One stream over changes of source: consecutive numbers, timestamps that only go forward, a marker at each jump.
    fn assert_one_stream(packets: &[Packet]) {
        for pair in packets.windows(2) {
            assert_eq!(pair[1].ssrc, pair[0].ssrc);
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!((160..80_000).contains(&step), "{step}");
            assert!(step == 160 || pair[1].marker, "a jump of {step} without a marker");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_side_hears_exactly_the_other_in_both_laws() {
        let (gateway, mut events) = gateway(41_000..=41_019);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let (call, trunk) = customer(&gateway, codec).await;
            gateway.route(call, Route::Bridge(agent));
            let by_agent = {
                browser.ear.forget();
                trunk.ear.forget();
                browser.ear.packets(5 + LONG).split_off(5)
            };
            let by_customer = trunk.ear.packets(5 + LONG).split_off(5);
            assert!(by_agent.iter().all(|packet| packet.payload_type == Codec::Pcmu.payload_type()));
            assert!(by_customer.iter().all(|packet| packet.payload_type == codec.payload_type()));
            assert_in_step(&by_agent);
            assert_only(&sound(&by_agent), CUSTOMER, &[AGENT, MUSIC]);
            assert_only(&sound(&trunk.ear.packets(LONG)), AGENT, &[CUSTOMER, MUSIC]);
            let report = gateway.close_customer(call).await.unwrap();
            assert!(report.received >= LONG as u64 && report.sent >= LONG as u64, "{report:?}");
            assert_eq!((report.lost, report.foreign), (0, 0), "{report:?}");
        }
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn s24_s25_a_held_customer_hears_music_instead_of_the_agent_who_still_hears_the_customer() {
        let (gateway, mut events) = gateway(41_020..=41_039);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let (call, trunk) = customer(&gateway, codec).await;
            gateway.route(call, Route::Bridge(agent));
            assert_only(&trunk.ear.listen(50), AGENT, &[MUSIC]);

            gateway.route(call, Route::OneWayHold(agent, None));
            assert_only(&trunk.ear.listen(LONG), MUSIC, &[AGENT, CUSTOMER]);
            assert_only(&browser.ear.listen(LONG), CUSTOMER, &[AGENT, MUSIC]);

            trunk.ear.forget();
            gateway.route(call, Route::Bridge(agent));
            let over_the_change = trunk.ear.packets(50);
            assert_one_stream(&over_the_change);
            assert_only(&trunk.ear.listen(LONG), AGENT, &[MUSIC, CUSTOMER]);
            assert_only(&browser.ear.listen(LONG), CUSTOMER, &[AGENT, MUSIC]);
            let _ = gateway.close_customer(call).await;
        }
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a4_in_full_hold_the_customer_hears_music_and_the_agent_nothing() {
        let (gateway, mut events) = gateway(41_240..=41_259);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let (call, trunk) = customer(&gateway, codec).await;
            gateway.route(call, Route::Bridge(agent));
            assert_only(&browser.ear.listen(50), CUSTOMER, &[]);

            gateway.route(call, Route::FullHold(agent, None));
            assert_only(&trunk.ear.listen(LONG), MUSIC, &[AGENT, CUSTOMER]);
            // The customer speaks for all this time: nothing of it may go to the agent.
            browser.ear.forget();
            assert_only(&trunk.ear.listen(LONG), MUSIC, &[AGENT, CUSTOMER]);
            // What keeps the connection alive is sent all the same, a frame a second.
            let kept_alive = browser.ear.packets(browser.ear.count());
            assert!(kept_alive.len() < 10, "the agent is sent something");
            assert!(testkit::hear::is_silent(&sound(&kept_alive)), "and hears it");

            gateway.route(call, Route::Bridge(agent));
            assert_only(&trunk.ear.listen(LONG), AGENT, &[MUSIC, CUSTOMER]);
            assert_only(&browser.ear.listen(LONG), CUSTOMER, &[AGENT, MUSIC]);
            let _ = gateway.close_customer(call).await;
        }
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn t14_a_key_has_the_line_to_itself_and_the_voice_goes_on_behind_it() {
        let (gateway, mut events) = gateway(41_260..=41_279);
        let agent = agent();
        let _browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcma).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&trunk.ear.listen(20), AGENT, &[]);
        trunk.ear.forget();
        let key = |key: char| domain::telephony::Key::try_from(key).unwrap();
        let press = domain::ids::PressId(uuid::Uuid::new_v4());
        gateway.press_keys(call, press, vec![key('7'), key('7')]).await.unwrap();
        let heard = trunk.ear.packets(60);
        let events: Vec<&Packet> = heard.iter().filter(|packet| packet.payload_type == 101).collect();
        assert_eq!(events.len(), 14, "five packets and two more ends a key");
        for pair in heard.windows(2) {
            assert_eq!((pair[1].ssrc, pair[1].sequence), (pair[0].ssrc, pair[0].sequence.wrapping_add(1)));
            assert!(pair[1].timestamp.wrapping_sub(pair[0].timestamp) < 8_000, "time goes forward only");
        }
        for seven in events.chunks(7) {
            assert!(seven.iter().all(|packet| packet.timestamp == seven[0].timestamp));
            let markers: Vec<bool> = seven.iter().map(|packet| packet.marker).collect();
            assert_eq!(markers, [true, false, false, false, false, false, false]);
            let durations: Vec<[u8; 3]> = seven.iter().map(|p| [p.payload[0], p.payload[2], p.payload[3]]).collect();
            let wanted = [160_u16, 320, 480, 640, 800, 800, 800].map(|d| [7, d.to_be_bytes()[0], d.to_be_bytes()[1]]);
            assert_eq!(durations, wanted);
            let ends: Vec<bool> = seven.iter().map(|packet| packet.payload[1] & 0x80 != 0).collect();
            assert_eq!(ends, [false, false, false, false, true, true, true]);
        }
        let apart = events[7].timestamp.wrapping_sub(events[0].timestamp);
        // 100 ms of tone and the 40 ms of pause by which receivers tell two presses of one key apart (ITU-T Q.24).
        assert!((1_120..2_400).contains(&apart), "two presses, {apart} samples apart");
        assert_only(&trunk.ear.listen(50), AGENT, &[CUSTOMER]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn t12_keys_travel_under_each_directions_own_number() {
        let (gateway, mut events) = gateway(41_600..=41_619);
        let agent = agent();
        let _browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.aim_customer(call, trunk.address, Codec::Pcmu, KeyTypes { send: Some(96), receive: Some(101) });
        gateway.route(call, Route::Bridge(agent));
        assert_only(&trunk.ear.listen(20), AGENT, &[]);
        let key = |key: char| domain::telephony::Key::try_from(key).unwrap();

        trunk.press(101, 5);
        assert_eq!(next(&mut events).await, LegEvent::CustomerPressed { call, key: key('5') });
        // As trunks do that send under the number which they asked for.
        trunk.press(96, 11);
        assert_eq!(next(&mut events).await, LegEvent::CustomerPressed { call, key: key('#') });

        trunk.ear.forget();
        let press = domain::ids::PressId(uuid::Uuid::new_v4());
        gateway.press_keys(call, press, vec![key('7')]).await.unwrap();
        let heard = trunk.ear.packets(30);
        let sent: Vec<u8> = heard.iter().map(|packet| packet.payload_type).filter(|number| *number != 0).collect();
        assert_eq!(sent, [96; 7]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_kept_connection_goes_on_by_the_clock_from_call_to_call() {
        let (gateway, mut events) = gateway(41_040..=41_059);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (first, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(first, Route::Bridge(agent));
        browser.ear.forget();
        let last = browser.ear.packets(50).pop().unwrap();
        let _ = gateway.close_customer(first).await;
        drop(trunk);

        // The pause: a second of music to the next customer, in which the agent hears nothing but a quiet packet or two.
        let (second, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(second, Route::Music(None));
        assert_only(&trunk.ear.listen(50), MUSIC, &[AGENT, CUSTOMER]);
        let before: Vec<Packet> = {
            let mut before = vec![last];
            gateway.route(second, Route::Bridge(agent));
            before.extend(browser.ear.packets(60));
            before
        };
        assert_one_stream(&before);
        let pause = before.windows(2).map(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp)).max().unwrap();
        assert!((4_000..80_000).contains(&pause), "a pause of more than a second is {pause} samples long");
        for pair in before.windows(2).filter(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp) > 1_000) {
            assert!(pair[1].marker, "a run begins after a pause: {:?}", pair[1]);
        }
        assert_only(&browser.ear.listen(50), CUSTOMER, &[AGENT]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_third_party_is_neither_heard_nor_answered() {
        const INTRUDER: f64 = 2_003.0;
        let (gateway, mut events) = gateway(41_060..=41_079);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let call = call();
        let address = gateway.open_customer(call).await.unwrap();
        let trunk = Trunk::new(address, Codec::Pcmu, CUSTOMER, 7);
        gateway.aim_customer(call, trunk.address, Codec::Pcmu, None);
        gateway.route(call, Route::Bridge(agent));
        assert_only(&browser.ear.listen(10), CUSTOMER, &[]);
        // It even knows the SSRC.
        let intruder = Trunk::new(address, Codec::Pcmu, INTRUDER, 7);
        assert_only(&browser.ear.listen(LONG), CUSTOMER, &[AGENT, INTRUDER]);
        assert_only(&trunk.ear.listen(LONG), AGENT, &[CUSTOMER, INTRUDER]);
        let report = gateway.close_customer(call).await.unwrap();
        assert!(report.foreign >= LONG as u64, "{report:?}");
        assert_eq!(report.lost, 0, "{report:?}");
        drop(intruder);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_agent_who_dials_hears_ringback_then_early_media_while_the_far_end_hears_nobody() {
        let (gateway, mut events) = gateway(41_080..=41_099);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcma).await;
        gateway.route(call, Route::Ringback(agent));
        // Of its second of tone, the first half.
        let ringback = testkit::hear::hear(&sound(&browser.ear.packets(25)), media::RATE);
        assert!((ringback.frequency - 400.0).abs() < 1.0, "{ringback:?}");
        assert!(testkit::hear::is_silent(&trunk.ear.listen(25)));
        gateway.route(call, Route::EarlyMedia(agent));
        assert_only(&browser.ear.listen(50), CUSTOMER, &[AGENT]);
        assert!(testkit::hear::is_silent(&trunk.ear.listen(25)));
        gateway.route(call, Route::Bridge(agent));
        assert_only(&trunk.ear.listen(50), AGENT, &[CUSTOMER]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_customers_leg_outlives_the_agents() {
        let (gateway, mut events) = gateway(41_100..=41_119);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&trunk.ear.listen(25), AGENT, &[]);

        gateway.detach_agent(agent);
        assert_eq!(next(&mut events).await, LegEvent::AgentDown { agent, generation: 1, why: Down::Detached });
        drop(browser);
        // A whole turn of the comfort tone: not the agent, and not silence.
        let comfort = trunk.ear.listen(150);
        assert!(testkit::hear::loudness(&comfort) > -50.0);
        assert!(testkit::hear::level_at(&comfort, media::RATE, AGENT) < -70.0);

        let returned = connected(&gateway, &mut events, agent, AGENT).await;
        assert_only(&trunk.ear.listen(50), AGENT, &[CUSTOMER]);
        assert_only(&returned.ear.listen(50), CUSTOMER, &[AGENT]);
        assert_eq!(next(&mut events).await, LegEvent::AgentHeard { agent, generation: 2 });

        let newer = connected_as_newer(&gateway, &mut events, agent).await;
        assert_only(&newer.ear.listen(50), CUSTOMER, &[AGENT]);
        assert_only(&trunk.ear.listen(50), AGENT, &[CUSTOMER]);
        gateway.shutdown().await;
    }

    async fn connected_as_newer(
        gateway: &Gateway,
        events: &mut server::telephony::gateway::LegEvents,
        agent: domain::ids::UserId,
    ) -> super::gateway_peers::browser::Browser {
        let (offered, offer) = Offered::new(Codec::Pcmu);
        let attached = gateway.attach_agent(agent, offer).await.unwrap();
        let generation = attached.generation;
        assert_eq!(next(events).await, LegEvent::AgentDown { agent, generation: generation - 1, why: Down::Replaced });
        let browser = offered.answered(&attached.answer, AGENT);
        assert_eq!(next(events).await, LegEvent::AgentUp { agent, generation });
        browser
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_browser_that_pauses_leaves_quiet_packets_on_the_line_and_comes_back_in_time() {
        let (gateway, mut events) = gateway(41_120..=41_139);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        trunk.ear.forget();
        let mut packets = trunk.ear.packets(25);
        browser.speak(false);
        packets.extend(trunk.ear.packets(12));
        browser.speak(true);
        packets.extend(trunk.ear.packets(60));
        assert_one_stream(&packets);
        let samples = sound(&packets);
        assert!(testkit::hear::is_silent(&samples[30 * 160..36 * 160]));
        assert_only(&samples[60 * 160..], AGENT, &[CUSTOMER]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn c2_an_agent_who_is_no_longer_heard_is_missed_and_the_customer_hears_the_comfort_tone_at_once() {
        let (gateway, mut events) = gateway(41_280..=41_299);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&trunk.ear.listen(25), AGENT, &[]);
        // The connection stands, and nothing comes over it: a renderer that died, or a microphone that was pulled out.
        browser.speak(false);
        assert_eq!(next(&mut events).await, LegEvent::AgentSilent { agent, generation: 1 });
        // The first note comes within the first half second of it.
        let comfort = trunk.ear.listen(25);
        assert!(testkit::hear::level_at(&comfort, media::RATE, 523.25) > -50.0);
        assert!(testkit::hear::level_at(&comfort, media::RATE, AGENT) < -70.0);
        browser.speak(true);
        assert_eq!(next(&mut events).await, LegEvent::AgentHeard { agent, generation: 1 });
        assert_only(&trunk.ear.listen(25), AGENT, &[]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn c2_an_agent_who_was_missed_is_said_to_be_back_even_where_a_hold_came_between() {
        let (gateway, mut events) = gateway(41_700..=41_719);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&trunk.ear.listen(25), AGENT, &[]);
        browser.speak(false);
        assert_eq!(next(&mut events).await, LegEvent::AgentSilent { agent, generation: 1 });
        // Pressed before the loss had come to the call.
        gateway.route(call, Route::OneWayHold(agent, None));
        browser.speak(true);
        assert_eq!(next(&mut events).await, LegEvent::AgentHeard { agent, generation: 1 });
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn c3_an_idle_connection_is_sent_a_quiet_packet_again_and_again() {
        let (gateway, mut events) = gateway(41_300..=41_319);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let packets = browser.ear.packets(4);
        assert_one_stream(&packets);
        for pair in packets.windows(2) {
            let apart = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!((7_000..24_000).contains(&apart), "{apart} samples apart: browsers count on one within 2.5 s");
        }
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn c3_a_probe_comes_back_between_calls_and_in_them() {
        let (gateway, mut events) = gateway(41_320..=41_339);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        assert_eq!(browser.probe(b"1").as_deref(), Some(&b"1"[..]));
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&trunk.ear.listen(25), AGENT, &[]);
        for probe in ["2", "3", "4"] {
            assert_eq!(browser.probe(probe.as_bytes()).as_deref(), Some(probe.as_bytes()));
        }
        assert_only(&trunk.ear.listen(25), AGENT, &[]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn c3_voice_flows_as_soon_as_a_connection_stands_that_was_made_in_the_call() {
        let (gateway, mut events) = gateway(41_340..=41_359);
        let agent = agent();
        // The call is up before the first connection of the agent is so much as offered, and before it is answered.
        for wait in [false, true] {
            let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
            let (offered, offer) = Offered::new(Codec::Pcmu);
            if wait {
                gateway.route(call, Route::Bridge(agent));
            }
            let attached = gateway.attach_agent(agent, offer).await.unwrap();
            gateway.route(call, Route::Bridge(agent));
            let browser = offered.answered(&attached.answer, AGENT);
            let up = LegEvent::AgentUp { agent, generation: attached.generation };
            while next(&mut events).await != up {}
            assert_only(&browser.ear.listen(50), CUSTOMER, &[AGENT]);
            assert_only(&trunk.ear.listen(50), AGENT, &[CUSTOMER]);
            let _ = gateway.close_customer(call).await;
        }
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn c3_after_a_change_of_network_ice_is_restarted_and_both_streams_go_on() {
        let (gateway, mut events) = gateway(41_360..=41_379);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&browser.ear.listen(25), CUSTOMER, &[]);
        trunk.ear.forget();
        for _ in 0..2 {
            let offer = browser.moves();
            let answer = gateway.restart_agent(agent, offer).await.unwrap();
            browser.moved(&answer);
            assert_only(&browser.ear.listen(50), CUSTOMER, &[AGENT]);
        }
        // The one who hears it all is the carrier: what was lost on the way leaves numbers out, and nothing else.
        let heard = trunk.ear.packets(trunk.ear.count());
        assert!(heard.len() > 100, "{}", heard.len());
        for pair in heard.windows(2) {
            assert_eq!(pair[1].ssrc, pair[0].ssrc);
            let (ahead, time) =
                (pair[1].sequence.wrapping_sub(pair[0].sequence), pair[1].timestamp.wrapping_sub(pair[0].timestamp));
            assert!((1..50).contains(&ahead) && time < 8_000, "{ahead} numbers and {time} samples on");
        }
        assert_only(&trunk.ear.listen(50), AGENT, &[CUSTOMER]);
        assert_eq!(browser.probe(b"still there").as_deref(), Some(&b"still there"[..]));
        let told = std::iter::from_fn(|| events.try_recv().ok());
        let told: Vec<_> = told.filter(|event| !matches!(event, LegEvent::Measured { .. })).collect();
        assert!(told.is_empty(), "the connection went on: {told:?}");
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_offer_of_another_connection_restarts_nothing() {
        let (gateway, mut events) = gateway(41_380..=41_399);
        let agent = agent();
        let (_, stranger) = Offered::new(Codec::Pcmu);
        let error = gateway.restart_agent(agent, stranger.clone()).await.unwrap_err();
        assert!(matches!(error, GatewayError::NotConnected), "{error}");
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        for bad in [stranger, String::new(), "v=0".to_owned()] {
            let error = gateway.restart_agent(agent, bad).await.unwrap_err();
            assert!(matches!(error, GatewayError::NotConnected), "{error}");
        }
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&browser.ear.listen(25), CUSTOMER, &[]);
        assert_only(&trunk.ear.listen(25), AGENT, &[]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn t17_a_browser_with_another_certificate_than_it_said_is_never_heard() {
        let (gateway, mut events) = gateway(41_400..=41_419);
        let agent = agent();
        let (offered, offer) = Offered::new(Codec::Pcmu);
        let (said, (_, other)) = (fingerprint(&offer), Offered::new(Codec::Pcmu));
        let attached = gateway.attach_agent(agent, offer.replace(said, fingerprint(&other))).await.unwrap();
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        let browser = offered.answered(&attached.answer, AGENT);
        let generation = attached.generation;
        // RFC 5763 §6.2: the session is torn down.
        assert_eq!(next(&mut events).await, LegEvent::AgentDown { agent, generation, why: Down::Closed });
        assert!(testkit::hear::level_at(&trunk.ear.listen(25), media::RATE, AGENT) < -70.0);
        assert_eq!(browser.ear.count(), 0, "nothing of the customer's either");
        gateway.shutdown().await;
    }

    fn fingerprint(offer: &str) -> &str {
        offer.lines().find_map(|line| line.strip_prefix("a=fingerprint:")).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn t17_a_browser_that_takes_the_wrong_role_in_a_call_goes_on_being_heard() {
        let (gateway, mut events) = gateway(41_420..=41_439);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&trunk.ear.listen(25), AGENT, &[]);
        // RFC 8445 §7.3.1.1: its next checks are refused, or obeyed, by the tie-breakers.
        browser.takes_the_wrong_role();
        assert_only(&trunk.ear.listen(4 * LONG), AGENT, &[CUSTOMER]);
        assert_only(&browser.ear.listen(50), CUSTOMER, &[AGENT]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_browser_with_a_law_only_is_served_in_it() {
        let (gateway, mut events) = gateway(41_140..=41_159);
        let agent = agent();
        let (offered, offer) = Offered::new(Codec::Pcma);
        let attached = gateway.attach_agent(agent, offer).await.unwrap();
        let browser = offered.answered(&attached.answer, AGENT);
        assert_eq!(next(&mut events).await, LegEvent::AgentUp { agent, generation: 1 });
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&browser.ear.listen(50), CUSTOMER, &[AGENT]);
        assert_only(&trunk.ear.listen(50), AGENT, &[CUSTOMER]);
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_trunk_is_told_what_arrived_and_that_the_leg_ends() {
        let (gateway, _events) = gateway(41_160..=41_179);
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Music(None));
        drop(trunk.ear.packets(25));
        let _ = gateway.close_customer(call).await;
        let mut buffer = [0; 2_048];
        let (length, source) = trunk.rtcp.recv_from(&mut buffer).unwrap();
        assert_eq!(source.port() % 2, 1);
        let reports: Vec<_> = rtcp::parse(&buffer[..length]).unwrap().collect();
        let Report::Sender { info, blocks, .. } = reports[0].clone() else { panic!("{reports:?}") };
        assert!(info.packets >= 25 && info.octets == info.packets * 160, "{info:?}");
        let blocks: Vec<_> = blocks.collect();
        assert_eq!((blocks.len(), blocks[0].ssrc, blocks[0].cumulative_lost), (1, 0xC0FF_EE01, 0));
        assert_eq!(reports.last(), Some(&Report::Bye));
        gateway.shutdown().await;
    }

    /// Answers so many of the gateway's reports with what the trunk really heard (RFC 3550 §6.4.1).
    fn report(trunk: &Trunk, gateway: u16, reports: u8) {
        let mut datagram = [0; 1_500];
        let (mut first, mut highest, mut heard) = (None, 0, 0);
        for _ in 0..reports {
            let length = trunk.rtcp.recv(&mut datagram).unwrap();
            let about = rtcp::parse(&datagram[..length]).unwrap().next();
            let Some(Report::Sender { ssrc, info, .. }) = about else { panic!("no sender report") };
            for packet in trunk.ear.packets(trunk.ear.count()) {
                let first = first.get_or_insert(packet.sequence);
                highest = packet.sequence.wrapping_sub(*first);
                heard += 1;
            }
            let block = rtcp::ReportBlock {
                ssrc,
                cumulative_lost: i32::from(highest) + 1 - heard,
                highest: u32::from(first.unwrap().wrapping_add(highest)),
                jitter: 80,
                last_report: u32::try_from((info.ntp >> 16) & 0xFFFF_FFFF).unwrap(),
                ..rtcp::ReportBlock::default()
            };
            let mut answer = Vec::new();
            rtcp::write(0xC0FF_EE01, None, Some(block), "trunk", false, &mut answer);
            trunk.rtcp.send_to(&answer, (HERE, gateway + 1)).unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lossy_trunk_is_poor_on_the_customers_side_alone() {
        let (gateway, mut events) = gateway(41_620..=41_639);
        let agent = agent();
        let _browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        trunk.loses_every(10);
        gateway.route(call, Route::Bridge(agent));
        // The browser reports, too: what the trunk lost it misses as well, and its network is not blamed for it.
        let quality = measured(&mut events, call, |quality| {
            // A report that names none of ours yet tells no round trip.
            quality.agent.said.is_some_and(|said| said.expected > 100) && quality.agent.round_trip_ms.is_some()
        })
        .await;
        let heard = quality.customer.heard.unwrap();
        assert!((90..=110).contains(&heard.lost_per_mille()), "{quality:?}");
        assert_eq!(quality.verdicts().customer, Some(Verdict::Poor), "{quality:?}");
        // How evenly packets come here is the busy machine's doing: what must not be is loss.
        let lost = [quality.agent.heard, quality.agent.said].map(|flow| flow.unwrap().lost_per_mille());
        assert!(lost.iter().all(|lost| *lost < 20), "{quality:?}");
        assert!(quality.agent.round_trip_ms.is_some_and(|ms| ms < 300), "{quality:?}");
        assert_eq!((quality.customer.said, quality.customer.round_trip_ms), (None, None), "this trunk reports nothing");
        let total = gateway.close_customer(call).await.unwrap().quality;
        assert_eq!(total.verdicts().customer, Some(Verdict::Poor), "{total:?}");
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lossy_browser_is_poor_on_the_agents_side_alone() {
        let (gateway, mut events) = gateway(41_640..=41_659);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        browser.loses_every(10);
        gateway.route(call, Route::Bridge(agent));
        // The trunk reports what it misses: a tenth, all of which the browser's network lost.
        let reports = std::thread::spawn(move || {
            report(&trunk, 41_640, 2);
            trunk
        });
        let quality = measured(&mut events, call, |quality| quality.customer.said.is_some()).await;
        drop(reports.join().unwrap());
        assert_eq!(quality.agent.verdict(), Some(Verdict::Poor), "{quality:?}");
        assert!(quality.customer.said.unwrap().lost_per_mille() < 20, "{quality:?}");
        assert_eq!(quality.customer.said.unwrap().jitter_ms, 10, "{quality:?}");
        assert!(quality.customer.round_trip_ms.is_some_and(|ms| ms < 300), "{quality:?}");
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_nobody_sends_or_reports_has_no_quality() {
        let (gateway, mut events) = gateway(41_660..=41_679);
        let agent = agent();
        let call = call();
        gateway.open_customer(call).await.unwrap();
        gateway.route(call, Route::Bridge(agent));
        assert!(measured(&mut events, call, |_| true).await.is_blank());
        assert!(gateway.close_customer(call).await.unwrap().quality.is_blank());
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_sent_to_a_customer_who_was_only_claimed_until_the_claim_is_proven() {
        let (gateway, _events) = gateway(41_720..=41_739);
        let claimed = UdpSocket::bind((HERE, 0)).unwrap();
        claimed.set_nonblocking(true).unwrap();
        let doubted = call();
        let address = gateway.open_customer(doubted).await.unwrap();
        gateway.aim_customer(doubted, claimed.local_addr().unwrap(), Codec::Pcmu, None);
        gateway.doubt_customer(doubted);
        gateway.route(doubted, Route::Music(None));
        // Half a second, by the clock of another call.
        let (other, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(other, Route::Music(None));
        drop(trunk.ear.packets(25));
        let mut buffer = [0; 2_048];
        assert_eq!(claimed.recv(&mut buffer).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);

        gateway.confirm_customer(doubted);
        claimed.set_nonblocking(false).unwrap();
        claimed.set_read_timeout(Some(super::gateway_peers::PATIENCE)).unwrap();
        claimed.recv(&mut buffer).unwrap();

        // Whoever speaks from there is there.
        let late = call();
        let at = gateway.open_customer(late).await.unwrap();
        assert_ne!(at, address);
        let speaker = Trunk::new(at, Codec::Pcmu, CUSTOMER, 9);
        gateway.aim_customer(late, speaker.address, Codec::Pcmu, None);
        gateway.doubt_customer(late);
        gateway.route(late, Route::Music(None));
        drop(speaker.ear.packets(5));
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_port_comes_back() {
        let (gateway, _events) = gateway(41_180..=41_199);
        for _ in 0..3 {
            let calls: Vec<_> = std::iter::repeat_with(call).take(10).collect();
            for call in &calls {
                let address = gateway.open_customer(*call).await.unwrap();
                assert_eq!(address.port() % 2, 0);
            }
            assert_eq!(gateway.open_ports(), 20);
            assert!(matches!(gateway.open_customer(call()).await, Err(GatewayError::NoPorts)));
            assert!(matches!(
                gateway.open_customer(calls[0]).await,
                Err(GatewayError::NoPorts | GatewayError::AlreadyOpen)
            ));
            for call in calls {
                assert!(gateway.close_customer(call).await.is_some());
                assert!(gateway.close_customer(call).await.is_none());
            }
            assert_eq!(gateway.open_ports(), 0);
        }
        for port in 41_180..=41_199 {
            drop(UdpSocket::bind((HERE, port)).unwrap());
        }
        let left_open = call();
        let _ = gateway.open_customer(left_open).await.unwrap();
        gateway.shutdown().await;
        assert_eq!(gateway.open_ports(), 0);
        assert!(matches!(gateway.open_customer(call()).await, Err(GatewayError::Stopped)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_offer_that_cannot_be_served_says_why() {
        let (gateway, _events) = gateway(41_200..=41_219);
        let (_, offer) = Offered::new(Codec::Pcmu);
        let opus = offer.replace("PCMU/8000", "opus/48000/2").replace("UDP/TLS/RTP/SAVPF 0", "UDP/TLS/RTP/SAVPF 111");
        let opus = opus.replace("a=rtpmap:0 ", "a=rtpmap:111 ");
        for bad in ["", "v=0", &"a=x\r\n".repeat(20_000), &opus] {
            let error = gateway.attach_agent(agent(), bad.to_owned()).await.unwrap_err();
            assert!(matches!(error, GatewayError::Offer(_)), "{error}");
        }
        gateway.shutdown().await;
    }

    /// Each datagram of a browser in a call is followed by spoilt copies of it, and by made-up ones.
    async fn spoilt(ports: std::ops::RangeInclusive<u16>, copies: u64, rounds: usize) {
        let (gateway, mut events) = gateway(ports);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        assert_only(&trunk.ear.listen(25), AGENT, &[]);
        browser.spoils(copies);
        // Nothing of it is heard, and nothing of it takes anything away.
        for _ in 0..rounds {
            assert_only(&trunk.ear.listen(2 * LONG), AGENT, &[CUSTOMER]);
            assert_only(&browser.ear.listen(2 * LONG), CUSTOMER, &[AGENT]);
        }
        assert_eq!(browser.probe(b"?").as_deref(), Some(&b"?"[..]));
        browser.spoils(0);
        // A way that is looked for anew is found.
        let answer = gateway.restart_agent(agent, browser.moves()).await.unwrap();
        browser.moved(&answer);
        assert_only(&browser.ear.listen(50), CUSTOMER, &[AGENT]);
        let report = gateway.close_customer(call).await.unwrap();
        assert_eq!((report.lost, report.foreign), (0, 0), "{report:?}");
        gateway.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn t17_spoilt_and_made_up_datagrams_from_a_browsers_own_address_change_nothing() {
        spoilt(41_440..=41_459, 4, 1).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "takes a minute; `make test-long` runs it"]
    async fn t17_a_minute_of_spoilt_and_made_up_datagrams_from_a_browsers_own_address_changes_nothing() {
        spoilt(41_460..=41_479, 20, 8).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn rubbish_on_every_port_changes_nothing() {
        let (gateway, mut events) = gateway(41_220..=41_239);
        let agent = agent();
        let browser = connected(&gateway, &mut events, agent, AGENT).await;
        let (call, trunk) = customer(&gateway, Codec::Pcmu).await;
        gateway.route(call, Route::Bridge(agent));
        let stranger = UdpSocket::bind((HERE, 0)).unwrap();
        let [even, odd] = [41_220, 41_221].map(|port| std::net::SocketAddr::new(HERE, port));
        let header = Header { marker: false, payload_type: 0, sequence: 1, timestamp: 2, ssrc: 3 }.octets();
        for length in 0..200_usize {
            let noise: Vec<u8> = (0..length).map(|n| u8::try_from((n * 37 + length * 101) % 256).unwrap()).collect();
            for first in [0_u8, 1, 20, 22, 63, 128, 144, 255] {
                let mut datagram = noise.clone();
                if let Some(octet) = datagram.first_mut() {
                    *octet = first;
                }
                for target in [gateway.webrtc_address(), even, odd] {
                    stranger.send_to(&datagram, target).unwrap();
                }
            }
            stranger.send_to(&[&header, &noise[..]].concat(), gateway.webrtc_address()).unwrap();
        }
        assert_only(&browser.ear.listen(50), CUSTOMER, &[AGENT]);
        assert_only(&trunk.ear.listen(50), AGENT, &[CUSTOMER]);
        gateway.shutdown().await;
    }
}
