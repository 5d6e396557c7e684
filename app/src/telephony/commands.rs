//! What the agent's presses ask of the server. The answer changes nothing here: the event that follows does.

use domain::agents::Shown;
use domain::ids::{InteractionId, NumberId};
use domain::telephony::Command;
use domain::time::Timestamp;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::events::Media;
use wire::telephony::{Choice, Leave};

use super::model::Mode;
use crate::shell::Stores;

/// How often, and how long apart in milliseconds, 待機 looks whether audio flows by now: 10 s in all.
const AUDIO_TRIES: u32 = 200;
const AUDIO_WAIT_MS: u32 = 50;

/// A request that is on its way; its button shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// To the call.
    Command(Command),
    /// 待機, 未待機, 離席
    Choice(Choice),
    /// 電話をかける
    Dial,
    /// キーパッド
    Keys,
    /// 延長
    Extend,
    /// ログイン
    LogIn,
    /// ログアウト
    LogOut,
}

/// Gives the call a command, if its machine takes it now.
pub(crate) fn command(stores: Stores, command: Command) {
    let Some(me) = stores.session.me_untracked() else { return };
    let call = stores.telephony.call.with_untracked(|view| {
        view.as_ref().filter(|view| view.call.allows(me.user, command).is_ok()).map(|view| view.id)
    });
    if let Some(call) = call {
        ask(stores, Pending::Command(command), async move { wire::telephony::command(call, command).await });
    }
}

/// 応答; without a microphone nobody would be heard, so it is opened first.
pub(crate) fn answer(stores: Stores) {
    let offered = stores.telephony.offer.with_untracked(|offer| offer.as_ref().map(|offer| offer.id));
    if offered.is_some() && stores.telephony.held_here.get_untracked() {
        stores.audio.unlock();
        command(stores, Command::Answer);
    }
}

/// 保留 or 保留解除, whichever the call takes now.
pub(crate) fn toggle_hold(stores: Stores) {
    let (wanted, possible) = stores.telephony.bar.get_untracked().hold;
    if possible.is_ok() {
        command(stores, wanted);
    }
}

/// 待機, 未待機 or 離席. Out of after-call work 待機 asks first (S30).
pub(crate) fn choose(stores: Stores, choice: Choice) {
    let in_after_call = stores.telephony.bar.get_untracked().mode == Mode::Here(Shown::AfterCall);
    if in_after_call && choice == Choice::Ready {
        leave_if_written(stores);
    } else if choice == Choice::Ready {
        go_ready(stores);
    } else {
        ask(stores, Pending::Choice(choice), async move { wire::telephony::choose(choice).await });
    }
}

/// 待機 is true only with an open microphone and audio that flows (C1): chosen while those are still on their way,
/// it waits for them. What stands in the way stays with the microphone and the audio link, and the bar names it.
fn go_ready(stores: Stores) {
    let telephony = stores.telephony;
    let choice = Choice::Ready;
    ask(stores, Pending::Choice(choice), async move {
        if stores.microphone.open().await.is_err() {
            return Ok(());
        }
        for _ in 0..AUDIO_TRIES {
            if telephony.media.get_untracked() == Media::Up {
                break;
            }
            TimeoutFuture::new(AUDIO_WAIT_MS).await;
        }
        let answer = wire::telephony::choose(choice).await;
        // Between calls it was opened for the proof alone, where the company wants it closed then (A31).
        let let_go = answer.is_err() || telephony.only_in_calls();
        if let_go && !telephony.wants_microphone.get_untracked() {
            stores.microphone.close();
        }
        answer
    });
}

/// 待機 out of after-call work: at once where everything is written, else the agent is asked (A6).
fn leave_if_written(stores: Stores) {
    let customers = stores.customers;
    spawn_local(async move {
        // What cannot be looked up is taken to be missing.
        let missing = customers.look_for_missing(stores).await.unwrap_or_else(|_| customers.missing.get_untracked());
        match missing {
            Some(missing) if missing.is_nothing() => leave_after_call(stores, Leave::Complete),
            missing => {
                if missing.is_some() {
                    customers.missing.set(missing);
                }
                stores.telephony.leaving.set(true);
            }
        }
    });
}

/// Leaves after-call work, with what the agent knows of what is missing.
pub(crate) fn leave_after_call(stores: Stores, leave: Leave) {
    stores.telephony.leaving.set(false);
    let choice = Choice::Ready;
    ask(stores, Pending::Choice(choice), async move { wire::telephony::leave_after_call(choice, leave).await });
}

/// 延長: the end that is shown is put off, once for each end.
pub(crate) fn extend_after_call(stores: Stores, until: Timestamp) {
    ask(stores, Pending::Extend, async move { wire::telephony::extend_after_call(until).await });
}

/// 待機 or 未待機, whichever is not so now (Alt+R).
pub(crate) fn toggle_ready(stores: Stores) {
    match stores.telephony.bar.get_untracked().mode {
        Mode::Here(Shown::Ready) => choose(stores, Choice::NotReady),
        Mode::Here(Shown::NotReady(_) | Shown::Break(_) | Shown::AfterCall) => choose(stores, Choice::Ready),
        Mode::Here(Shown::LoggedOut | Shown::Ringing | Shown::Dialling | Shown::Talking | Shown::Held)
        | Mode::NoExtension
        | Mode::LoggedOut
        | Mode::Elsewhere => {}
    }
}

/// ログイン: for this tab.
pub(crate) fn log_in(stores: Stores) {
    let client = stores.client;
    ask(stores, Pending::LogIn, async move { wire::telephony::log_in(client).await });
}

/// ここで使う: the tab that has the softphone lets go of it, and this one takes it. A call that is up comes along (A1).
pub(crate) fn use_here(stores: Stores) {
    let client = stores.client;
    let in_call = stores.telephony.in_call.get_untracked();
    ask(stores, Pending::LogIn, async move {
        if !in_call {
            wire::telephony::log_out().await?;
        }
        wire::telephony::log_in(client).await
    });
}

/// ログアウト
pub(crate) fn log_out(stores: Stores) {
    ask(stores, Pending::LogOut, async move { wire::telephony::log_out().await });
}

/// 電話をかける. The call's id is made here, so that a request sent twice dials once.
pub(crate) fn dial(stores: Stores, from: NumberId, to: String) {
    let call = InteractionId(uuid::Uuid::new_v4());
    stores.audio.unlock();
    ask(stores, Pending::Dial, async move { wire::telephony::dial(call, from, to).await });
}

fn ask(stores: Stores, what: Pending, request: impl Future<Output = Result<(), ApiError>> + 'static) {
    let telephony = stores.telephony;
    if telephony.pending.get_untracked() == Some(what) {
        return;
    }
    telephony.pending.set(Some(what));
    telephony.trouble.set(None);
    spawn_local(async move {
        let answer = stores.heard(request.await);
        if telephony.pending.get_untracked() == Some(what) {
            telephony.pending.set(None);
        }
        match answer {
            Ok(()) if what == Pending::Dial => stores.dialler.placed(),
            Ok(()) => {}
            Err(why) => telephony.trouble.set(Some((what, why))),
        }
    });
}
