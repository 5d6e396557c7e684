//! The sections of the settings, what a list says of each row, and how many fields a draft changes.

use domain::roles::Role;
use wire::settings::{CallRules, Extension, Granted, Number, Queue, Settings, SipAccount, Trunk, TrunkState, User};

use crate::text::Messages;

/// A section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Section {
    /// ユーザー
    #[default]
    Users,
    /// 内線番号
    Extensions,
    /// 電話回線
    Trunks,
    /// 電話番号, with who may show each when calling out
    Numbers,
    /// キュー
    Queues,
    /// 顧客情報の項目
    CustomerFields,
    /// お問合せ情報の項目
    InquiryFields,
    /// 通話: what holds for every call
    Calls,
    /// 発信制限
    Tolls,
    /// 保留音
    Music,
    /// 操作履歴
    Audit,
}

impl Section {
    /// In the order of the list.
    pub(crate) const ALL: [Self; 11] = [
        Self::Users,
        Self::Extensions,
        Self::Trunks,
        Self::Numbers,
        Self::Queues,
        Self::CustomerFields,
        Self::InquiryFields,
        Self::Calls,
        Self::Tolls,
        Self::Music,
        Self::Audit,
    ];

    /// Its part of the address.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Extensions => "extensions",
            Self::Trunks => "trunks",
            Self::Numbers => "numbers",
            Self::Queues => "queues",
            Self::CustomerFields => "customer-fields",
            Self::InquiryFields => "inquiry-fields",
            Self::Calls => "calls",
            Self::Tolls => "tolls",
            Self::Music => "music",
            Self::Audit => "audit",
        }
    }

    /// The section of an address; the first where the address names none.
    pub(crate) fn of_slug(slug: Option<&str>) -> Option<Self> {
        match slug {
            None | Some("") => Some(Self::default()),
            Some(slug) => Self::ALL.into_iter().find(|section| section.slug() == slug),
        }
    }

    /// Its word.
    pub(crate) fn label(self, words: &Messages) -> &'static str {
        match self {
            Self::Users => words.settings_users,
            Self::Extensions => words.settings_extensions,
            Self::Trunks => words.settings_trunks,
            Self::Numbers => words.settings_numbers,
            Self::Queues => words.settings_queues,
            Self::CustomerFields => words.settings_customer_fields,
            Self::InquiryFields => words.settings_inquiry_fields,
            Self::Calls => words.settings_calls,
            Self::Tolls => words.settings_tolls,
            Self::Music => words.settings_music,
            Self::Audit => words.settings_audit,
        }
    }

    /// What its list says when it is empty, and what to do.
    pub(crate) fn empty(self, words: &Messages) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Users => (words.users_empty, Some(words.users_empty_help)),
            Self::Extensions => (words.extensions_empty, Some(words.extensions_empty_help)),
            Self::Trunks => (words.trunks_empty, Some(words.trunks_empty_help)),
            Self::Numbers => (words.numbers_empty, Some(words.numbers_empty_help)),
            Self::Queues => (words.queues_empty, Some(words.queues_empty_help)),
            Self::CustomerFields | Self::InquiryFields => (words.fields_empty, None),
            // A form alone: there is no list that could be empty.
            Self::Calls | Self::Tolls => (words.settings_choose, None),
            Self::Music => (words.music_empty, None),
            Self::Audit => (words.audit_empty, None),
        }
    }
}

/// A row of a section's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Which.
    pub(crate) id: uuid::Uuid,
    /// Its name.
    pub(crate) name: String,
    /// One line about it.
    pub(crate) summary: String,
    /// Its state, where it has one, and whether that is in order.
    pub(crate) state: Option<(String, bool)>,
}

/// The rows of a section that contain the searched text.
pub(crate) fn lines(words: &Messages, settings: &Settings, section: Section, search: &str) -> Vec<Line> {
    let wanted = search.trim().to_lowercase();
    let all: Vec<Line> = match section {
        Section::Users => settings.users.iter().map(|user| user_line(words, settings, user)).collect(),
        Section::Extensions => settings.extensions.iter().map(|row| extension_line(words, settings, row)).collect(),
        Section::Trunks => settings.trunks.iter().map(|trunk| trunk_line(words, trunk)).collect(),
        Section::Numbers => settings.numbers.iter().map(|number| number_line(words, settings, number)).collect(),
        Section::Queues => settings.queues.iter().map(|queue| queue_line(words, queue)).collect(),
        // What is not part of the settings' rows has lists of its own.
        Section::CustomerFields
        | Section::InquiryFields
        | Section::Calls
        | Section::Tolls
        | Section::Music
        | Section::Audit => Vec::new(),
    };
    all.into_iter()
        .filter(|line| {
            wanted.is_empty()
                || line.name.to_lowercase().contains(&wanted)
                || line.summary.to_lowercase().contains(&wanted)
        })
        .collect()
}

fn user_line(words: &Messages, settings: &Settings, user: &User) -> Line {
    let extension = settings.extensions.iter().find(|extension| extension.user == Some(user.id));
    let extension = extension.map(|extension| format!(" · {}", extension.number)).unwrap_or_default();
    Line {
        id: user.id.0,
        name: user.name.clone(),
        summary: format!("{} · {}{extension}", user.login, words.role(user.role)),
        state: (!user.active).then(|| (words.settings_inactive.to_owned(), false)),
    }
}

/// A user where one is chosen from all: two people of the same name are told apart by their logins.
pub(crate) fn person(user: &User) -> String {
    format!("{} ({})", user.name, user.login)
}

fn extension_line(words: &Messages, settings: &Settings, extension: &Extension) -> Line {
    let owner = settings.users.iter().find(|user| Some(user.id) == extension.user);
    Line {
        id: extension.id.0,
        name: extension.number.clone(),
        summary: owner.map_or_else(|| words.extension_unassigned.to_owned(), person),
        state: extension.account.as_ref().map(|account| account_state(words, &account.state)),
    }
}

/// How an extension's account fares, in a word, and whether it is in order: away with its agent, it is.
pub(crate) fn account_state(words: &Messages, state: &TrunkState) -> (String, bool) {
    match state {
        TrunkState::Off => (words.extension_account_off.to_owned(), true),
        TrunkState::Failed { why, at: _ } => (words.extension_account_failed(why), false),
        TrunkState::Peer | TrunkState::Registering | TrunkState::Registered { .. } => trunk_state(words, state),
    }
}

fn trunk_line(words: &Messages, trunk: &Trunk) -> Line {
    let (state, good) = trunk_state(words, &trunk.state);
    Line {
        id: trunk.id.0,
        name: trunk.name.clone(),
        summary: trunk.port.map_or_else(|| trunk.host.clone(), |port| format!("{}:{port}", trunk.host)),
        state: Some((state, good)),
    }
}

/// A trunk's state in a word, and whether it is in order.
pub(crate) fn trunk_state(words: &Messages, state: &TrunkState) -> (String, bool) {
    match state {
        TrunkState::Off => (words.settings_inactive.to_owned(), false),
        TrunkState::Peer => (words.trunk_kind_static.to_owned(), true),
        TrunkState::Registering => (words.trunk_registering.to_owned(), false),
        TrunkState::Registered { since: _ } => (words.trunk_registered.to_owned(), true),
        TrunkState::Failed { why, at: _ } => (words.trunk_down(trunk_trouble(words, why)), false),
    }
}

/// What keeps a trunk down, in plain words where there are some; a SIP status or the name service's own words else.
fn trunk_trouble<'a>(words: &'a Messages, why: &'a str) -> &'a str {
    match why {
        "no_answer" => words.trunk_no_answer,
        "connection_refused" => words.trunk_connection_refused,
        "connection_failed" => words.trunk_connection_failed,
        "certificate_expired" => words.trunk_certificate_expired,
        "certificate_of_another_name" => words.trunk_certificate_of_another_name,
        "certificate_of_unknown_issuer" => words.trunk_certificate_of_unknown_issuer,
        "certificate_invalid" => words.trunk_certificate_invalid,
        "tls_failed" => words.trunk_tls_failed,
        other => other,
    }
}

fn number_line(words: &Messages, settings: &Settings, number: &Number) -> Line {
    let queue = settings.queues.iter().find(|queue| Some(queue.id) == number.queue);
    let queue = queue.map_or_else(|| words.number_no_queue.to_owned(), |queue| queue.name.clone());
    let shown = number.shown.as_ref().map_or_else(|| number.number.clone(), |shown| shown.shown.clone());
    let summary = if number.label.is_empty() { queue } else { format!("{} · {queue}", number.label) };
    Line { id: number.id.0, name: shown, summary, state: None }
}

fn queue_line(words: &Messages, queue: &Queue) -> Line {
    Line {
        id: queue.id.0,
        name: queue.name.clone(),
        summary: words.queue_summary_members(queue.members.len(), queue.ring_seconds),
        state: None,
    }
}

/// How many fields of the draft differ from what is stored.
pub(crate) trait Draft {
    /// The count.
    fn changes_from(&self, stored: &Self) -> usize;
    /// Says of which state of the row it is a change, where the server keeps count.
    fn take_version(&mut self, stored: &Self) {
        let _ = stored;
    }
}

pub(super) fn count<const N: usize>(differs: [bool; N]) -> usize {
    differs.into_iter().filter(|differs| *differs).count()
}

impl Draft for User {
    fn take_version(&mut self, stored: &Self) {
        self.version = stored.version;
    }

    fn changes_from(&self, stored: &Self) -> usize {
        count([
            self.login != stored.login,
            self.name != stored.name,
            self.role != stored.role,
            self.active != stored.active,
            self.password.is_some(),
        ])
    }
}

impl Draft for Extension {
    fn take_version(&mut self, stored: &Self) {
        self.version = stored.version;
    }

    fn changes_from(&self, stored: &Self) -> usize {
        let (mine, theirs) = (self.account.as_ref(), stored.account.as_ref());
        let differs = |read: fn(&SipAccount) -> String| mine.map(read) != theirs.map(read);
        count([
            self.number != stored.number,
            self.user != stored.user,
            mine.is_some() != theirs.is_some(),
            mine.is_some() && differs(|account| account.host.clone()),
            mine.is_some() && differs(|account| account.port.to_string()),
            mine.is_some() && mine.map(|account| account.transport) != theirs.map(|account| account.transport),
            mine.is_some() && differs(|account| account.domain.clone().unwrap_or_default()),
            mine.is_some() && differs(|account| account.username.clone()),
            mine.is_some() && differs(|account| account.auth_username.clone().unwrap_or_default()),
            mine.is_some_and(|account| account.password.is_some()),
            mine.is_some() && mine.map(|account| &account.codecs) != theirs.map(|account| &account.codecs),
        ])
    }
}

impl Draft for Trunk {
    fn take_version(&mut self, stored: &Self) {
        self.version = stored.version;
    }

    fn changes_from(&self, stored: &Self) -> usize {
        count([
            self.name != stored.name,
            self.host != stored.host,
            self.port != stored.port,
            self.transport != stored.transport,
            self.registers != stored.registers,
            self.username != stored.username,
            self.password.is_some(),
            self.sources != stored.sources,
            self.codecs != stored.codecs,
            self.max_calls != stored.max_calls,
            self.active != stored.active,
            self.second_host != stored.second_host,
            self.trusts_identity != stored.trusts_identity,
            self.presents != stored.presents,
        ])
    }
}

impl Draft for Number {
    fn take_version(&mut self, stored: &Self) {
        self.version = stored.version;
    }

    fn changes_from(&self, stored: &Self) -> usize {
        count([
            self.number != stored.number,
            self.label != stored.label,
            self.trunk != stored.trunk,
            self.queue != stored.queue,
            !same_grant(&self.granted, &stored.granted),
        ])
    }
}

impl Draft for CallRules {
    fn take_version(&mut self, stored: &Self) {
        self.version = stored.version;
    }

    fn changes_from(&self, stored: &Self) -> usize {
        count([
            self.microphone_only_in_calls != stored.microphone_only_in_calls,
            self.full_hold != stored.full_hold,
            self.after_call_limit_seconds != stored.after_call_limit_seconds,
            self.after_call_extension_seconds != stored.after_call_extension_seconds,
        ])
    }
}

impl Draft for Queue {
    fn take_version(&mut self, stored: &Self) {
        self.version = stored.version;
    }

    fn changes_from(&self, stored: &Self) -> usize {
        count([
            self.name != stored.name,
            self.rule != stored.rule,
            !same_set(&self.members, &stored.members),
            self.may_answer != stored.may_answer,
            self.ring_seconds != stored.ring_seconds,
            self.music != stored.music,
        ])
    }
}

fn same_grant(one: &Granted, other: &Granted) -> bool {
    match (one, other) {
        (Granted::Users(one), Granted::Users(other)) => same_set(one, other),
        (one, other) => one == other,
    }
}

/// Ticks have no order.
fn same_set<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.len() == other.len() && one.iter().all(|item| other.contains(item))
}

/// Every role, the least first.
pub(crate) const ROLES: [Role; 3] = [Role::Agent, Role::Supervisor, Role::Administrator];

#[cfg(test)]
mod tests {
    use domain::ids::{ExtensionId, QueueId, UserId};
    use domain::routing::Rule;
    use uuid::Uuid;

    use super::*;
    use crate::text::Language;

    fn user(n: u128, name: &str) -> User {
        User {
            version: 0,
            id: UserId(Uuid::from_u128(n)),
            login: format!("user{n}"),
            name: name.to_owned(),
            role: Role::Agent,
            active: true,
            password: None,
        }
    }

    fn queue(members: &[u128]) -> Queue {
        Queue {
            version: 0,
            id: QueueId(Uuid::from_u128(1)),
            name: "代表".to_owned(),
            rule: Rule::LongestIdle,
            members: members.iter().map(|n| UserId(Uuid::from_u128(*n))).collect(),
            may_answer: true,
            ring_seconds: 20,
            music: None,
        }
    }

    #[test]
    fn a_draft_counts_the_fields_that_it_changes() {
        let stored = user(1, "佐藤");
        assert_eq!(stored.changes_from(&stored), 0);
        let draft = User { name: "鈴木".to_owned(), password: Some("x".to_owned()), ..stored.clone() };
        assert_eq!(draft.changes_from(&stored), 2);
    }

    #[test]
    fn a_draft_is_sent_as_a_change_of_the_state_that_is_stored_and_that_is_no_change_of_a_field() {
        let stored = User { version: 7, ..user(1, "佐藤") };
        let mut draft = user(1, "佐藤");
        assert_eq!(draft.changes_from(&stored), 0);
        draft.take_version(&stored);
        assert_eq!(draft, stored);
    }

    #[test]
    fn the_order_of_members_is_no_change() {
        assert_eq!(queue(&[1, 2]).changes_from(&queue(&[2, 1])), 0);
        assert_eq!(queue(&[1, 2]).changes_from(&queue(&[1])), 1);
        assert_eq!(Queue { ring_seconds: 30, ..queue(&[1]) }.changes_from(&queue(&[2])), 2);
    }

    #[test]
    fn a_list_is_searched_by_name_and_summary() {
        let settings = Settings {
            users: vec![user(1, "佐藤"), user(2, "鈴木")],
            extensions: vec![Extension {
                version: 0,
                id: ExtensionId(Uuid::from_u128(5)),
                number: "1001".to_owned(),
                user: Some(UserId(Uuid::from_u128(2))),
                account: None,
            }],
            ..Settings::default()
        };
        let ja = Language::Ja.messages();
        let names = |search: &str| {
            lines(ja, &settings, Section::Users, search).into_iter().map(|line| line.name).collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["佐藤", "鈴木"]);
        assert_eq!(names("1001"), ["鈴木"]);
        assert_eq!(names("USER1"), ["佐藤"]);
        assert_eq!(lines(ja, &settings, Section::Extensions, "")[0].summary, "鈴木 (user2)");
    }

    #[test]
    fn sections_are_found_by_their_address() {
        for section in Section::ALL {
            assert_eq!(Section::of_slug(Some(section.slug())), Some(section));
        }
        assert_eq!(Section::of_slug(None), Some(Section::Users));
        assert_eq!(Section::of_slug(Some("nothing")), None);
    }
}
