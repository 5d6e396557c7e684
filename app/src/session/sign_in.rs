//! The sign-in page.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::session::{DemoAccount, Welcome};

use super::model::Session;
use crate::platform::theme::Theme;
use crate::platform::{element, language};
use crate::shell::use_stores;
use crate::text::{Language, Messages, use_text};
use crate::ui::{Button, Choice, Icon, Kind, Look, SelectField, Size, TextField};

/// The field that is typed in first.
const LOGIN: &str = "sign-in-login";

/// Asks for login and password. Lies over the desk where a session ended in mid-work.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let text = use_text();
    let stores = use_stores();
    let login = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let caps_lock = RwSignal::new(false);
    let welcome = RwSignal::new(None::<Welcome>);
    spawn_local(async move {
        // What it says is only help: the page works without.
        welcome.set(wire::session::welcome().await.ok());
    });

    // The browser heeds `autofocus` at the first load only, and this page also comes later.
    request_animation_frame(|| {
        element::focus_by_id(LOGIN);
    });

    let sign_in = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        wrong.set(None);
        spawn_local(async move {
            let answer = wire::session::sign_in(login.get_untracked(), password.get_untracked()).await;
            busy.set(false);
            match answer {
                Ok(me) => {
                    password.set(String::new());
                    stores.session.entered(me);
                }
                Err(error) => wrong.set(Some(error)),
            }
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        sign_in();
    };
    let watch_caps_lock = move |event: KeyboardEvent| caps_lock.set(event.get_modifier_state("CapsLock"));
    let ended = move || matches!(stores.session.get(), Session::Expired { .. });

    view! {
        <main class="sign-in" id="sign-in">
            <div class="sign-in-column">
                <h1 class="sign-in-wordmark">{move || text.get().product}</h1>
                {move || ended().then(|| view! { <p class="sign-in-note" role="status">{text.get().sign_in_ended}</p> })}
                <Show when=move || welcome.with(|welcome| welcome.as_ref().is_some_and(|welcome| !welcome.has_users))>
                    <p class="sign-in-note" role="status">{move || text.get().sign_in_no_users}</p>
                </Show>
                <form class="sign-in-form" on:submit=submit on:keydown=watch_caps_lock on:keyup=watch_caps_lock>
                    <TextField label=move || text.get().login_name value=login autocomplete="username" first=true id=LOGIN />
                    <TextField label=move || text.get().password value=password kind="password" autocomplete="current-password" />
                    <p class="sign-in-hint" role="status">
                        {move || caps_lock.get().then(|| text.get().caps_lock)}
                    </p>
                    <div role="alert">
                        {move || {
                            wrong
                                .get()
                                .map(|error| {
                                    view! {
                                        <p class="field-error">
                                            <Icon name=crate::ui::Icon::Warning />
                                            <span>{text.get().error(&error)}</span>
                                        </p>
                                    }
                                })
                        }}
                    </div>
                    <Button
                        label=move || text.get().sign_in
                        look=Look::Accent
                        size=Size::Form
                        kind=Kind::Submit
                        wide=true
                        busy=busy
                    />
                </form>
                {move || {
                    let accounts = welcome.get().map(|welcome| welcome.demo_accounts).unwrap_or_default();
                    (!accounts.is_empty())
                        .then(|| {
                            view! {
                                <DemoAccounts
                                    accounts=accounts
                                    on_choose=move |account: DemoAccount| {
                                        login.set(account.login);
                                        password.set(account.password);
                                        sign_in();
                                    }
                                />
                            }
                        })
                }}
                <Foot />
            </div>
        </main>
    }
}

/// The demo's accounts; a press signs in.
#[component]
fn DemoAccounts(
    /// Them.
    accounts: Vec<DemoAccount>,
    /// One was pressed.
    on_choose: impl Fn(DemoAccount) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let text = use_text();
    view! {
        <section class="sign-in-demo" aria-labelledby="demo-accounts">
            <h2 id="demo-accounts">{move || text.get().demo_accounts}</h2>
            <p class="field-help">{move || text.get().demo_mode_notice}</p>
            <ul>
                {accounts
                    .into_iter()
                    .map(|account| {
                        let shown = account.clone();
                        view! {
                            <li>
                                <button type="button" class="sign-in-account" on:click=move |_| on_choose(account.clone())>
                                    <span class="cut">{shown.name.clone()}</span>
                                    <span class="sign-in-account-role">{move || text.get().role(shown.role)}</span>
                                    <span class="sign-in-account-pair num">{shown.login.clone()} " / " {shown.password.clone()}</span>
                                </button>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </section>
    }
}

/// Language and appearance.
#[component]
fn Foot() -> impl IntoView {
    let text = use_text();
    let chosen_language = RwSignal::new(untrack(|| text.language()).tag().to_owned());
    let chosen_theme = RwSignal::new(theme_value(Theme::chosen()).to_owned());
    Effect::new(move |before: Option<()>| {
        let tag = chosen_language.get();
        if before.is_some()
            && let Some(chosen) = Language::of_tag(&tag)
        {
            text.set_language(chosen);
            language::choose(chosen);
        }
    });
    Effect::new(move |before: Option<()>| {
        let value = chosen_theme.get();
        if before.is_some()
            && let Some(theme) = Theme::ALL.into_iter().find(|theme| theme_value(*theme) == value)
        {
            theme.choose();
        }
    });
    let languages =
        Language::ALL.map(|language| Choice::new(language.tag(), language.messages().language_name)).to_vec();
    let themes = move || {
        let words = text.get();
        Theme::ALL.map(|theme| Choice::new(theme_value(theme), theme_words(words, theme))).to_vec()
    };
    view! {
        <footer class="sign-in-foot">
            <SelectField label=move || text.get().language value=chosen_language choices=Signal::stored(languages) />
            <SelectField label=move || text.get().theme value=chosen_theme choices=Signal::derive(themes) />
        </footer>
    }
}

/// The appearance in words.
pub(super) fn theme_words(words: &Messages, theme: Theme) -> &'static str {
    match theme {
        Theme::System => words.theme_system,
        Theme::Light => words.theme_light,
        Theme::Dark => words.theme_dark,
    }
}

fn theme_value(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "system",
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}
