//! What a line of the audit log says, in words: the log keeps codes, field names and ids, which people do not read.

use domain::roles::Role;
use uuid::Uuid;
use wire::settings::Settings;

use crate::text::Messages;

/// What was done, in words; a code without words stays as it is.
pub(crate) fn what(words: &Messages, code: &str) -> String {
    let known = match code {
        "session.signed_in" => words.audit_signed_in,
        "session.signed_out" => words.audit_signed_out,
        "session.signed_out_everywhere" => words.audit_signed_out_everywhere,
        "session.password_changed" => words.audit_password_changed,
        "session.refused" => words.audit_sign_in_refused,
        "session.braked" => words.audit_sign_in_braked,
        "call.left_unwritten" => words.audit_left_unwritten,
        "toll.refused" => words.audit_toll_refused,
        "toll.new_country" => words.audit_toll_new_country,
        "toll.minutes_used_up" => words.audit_toll_minutes_used_up,
        _ => return on_settings(words, code).unwrap_or_else(|| code.to_owned()),
    };
    known.to_owned()
}

fn on_settings(words: &Messages, code: &str) -> Option<String> {
    let (kind, done) = code.split_once('.')?;
    let kind = match kind {
        "user" => words.settings_users,
        "extension" => words.settings_extensions,
        "trunk" => words.settings_trunks,
        "number" => words.settings_numbers,
        "queue" => words.settings_queues,
        "music" => words.settings_music,
        "call_rules" => words.settings_calls,
        "tolls" => words.settings_tolls,
        _ => return None,
    };
    match done {
        "saved" | "uploaded" => Some(words.audit_saved(kind)),
        "deleted" => Some(words.audit_removed(kind)),
        _ => None,
    }
}

/// About whom or what: the name that an id stands for, where it is known; else as much of the id as people compare.
pub(crate) fn subject(settings: Option<&Settings>, subject: &str) -> String {
    named(settings, subject).unwrap_or_else(|| subject.to_owned())
}

/// The fields that changed: `ring_seconds: 20 → 30, may_answer: true → false` with labels and values in words. What is
/// not of that shape stays as it is.
pub(crate) fn detail(words: &Messages, settings: Option<&Settings>, code: &str, detail: &str) -> String {
    let kind = code.split('.').next().unwrap_or(code);
    // A value may hold the mark between two fields: a field begins where a known name does.
    let mut fields: Vec<(&str, &str, String)> = Vec::new();
    for part in detail.split(", ") {
        let begins = part.split_once(": ").and_then(|(name, value)| Some((name, label(words, kind, name)?, value)));
        match (begins, fields.last_mut()) {
            (Some((name, label, value)), _) => fields.push((name, label, value.to_owned())),
            (None, Some((_, _, value))) => {
                value.push_str(", ");
                value.push_str(part);
            }
            (None, None) => return detail.to_owned(),
        }
    }
    let line = |(name, label, values): &(&str, &str, String)| {
        let sides: Vec<String> = values.split(" → ").map(|side| value(words, settings, name, side)).collect();
        format!("{label}: {}", sides.join(" → "))
    };
    fields.iter().map(line).collect::<Vec<_>>().join(", ")
}

fn label(words: &Messages, kind: &str, field: &str) -> Option<&'static str> {
    Some(match (kind, field) {
        ("user", "name") => words.display_name,
        ("trunk", "name") => words.trunk_name,
        ("queue", "name") => words.queue_name,
        ("extension", "number") => words.extension_number,
        ("number", "number") => words.number_e164,
        ("extension", "user") => words.extension_user,
        ("queue", "music") => words.queue_music,
        (_, "login") => words.login_name,
        (_, "role") => words.user_role,
        (_, "active") => words.settings_active,
        ("trunk" | "extension", "password") => words.trunk_password,
        ("extension", "username") => words.extension_account_user,
        ("extension", "auth_username") => words.extension_account_auth_user,
        ("extension", "domain") => words.trunk_domain,
        ("extension", "outside_prefix") => words.extension_account_prefix,
        (_, "password") => words.password,
        (_, "host") => words.trunk_host,
        (_, "port") => words.trunk_port,
        (_, "transport") => words.trunk_transport,
        (_, "registers") => words.trunk_kind,
        (_, "username") => words.trunk_user,
        (_, "sources") => words.trunk_peers,
        (_, "codecs") => words.trunk_codecs,
        (_, "max_calls") => words.trunk_max_calls,
        (_, "label") => words.number_label,
        (_, "trunk") => words.number_trunk,
        (_, "queue") => words.number_queue,
        (_, "granted") => words.number_presented,
        ("toll", "rule") => words.settings_tolls,
        ("tolls", "international") => words.tolls_international,
        ("tolls", "allowed") => words.tolls_allowed,
        ("tolls", "denied") => words.tolls_denied,
        ("tolls", "emergency") => words.tolls_emergency,
        ("tolls", "office_hours") => words.tolls_office_hours,
        ("tolls", "agent_calls") => words.tolls_agent_calls,
        ("tolls", "agent_attempts") => words.tolls_agent_attempts,
        ("tolls", "trunk_calls") => words.tolls_trunk_calls,
        ("tolls", "trunk_attempts") => words.tolls_trunk_attempts,
        ("tolls", "minutes_per_hour") => words.tolls_minutes_per_hour,
        ("tolls", "minutes_per_day") => words.tolls_minutes_per_day,
        (_, "rule") => words.queue_rule,
        (_, "members") => words.queue_members,
        // The form asks the other way round.
        (_, "may_answer") => words.queue_never_answers,
        (_, "ring_seconds") => words.queue_ring_time,
        (_, "microphone_only_in_calls") => words.microphone_only_in_calls,
        (_, "full_hold") => words.full_hold,
        (_, "after_call_limit_seconds") => words.after_call_limit,
        (_, "after_call_extension_seconds") => words.after_call_extension,
        (_, "seconds") => words.audit_seconds,
        (_, "address") => words.audit_address,
        _ => return None,
    })
}

fn value(words: &Messages, settings: Option<&Settings>, field: &str, value: &str) -> String {
    let known = match (field, value) {
        (_, "") => "—",
        (_, "***") => words.audit_set,
        ("may_answer", "true") => words.no,
        ("may_answer", "false") => words.yes,
        ("registers", "true") => words.trunk_kind_registering,
        ("registers", "false") => words.trunk_kind_static,
        ("active" | "microphone_only_in_calls" | "full_hold" | "international", "true") => words.yes,
        ("active" | "microphone_only_in_calls" | "full_hold" | "international", "false") => words.no,
        ("rule", "international") => words.toll_rule_international,
        ("rule", "denied_prefix") => words.toll_rule_denied_prefix,
        ("rule", "office_hours") => words.toll_rule_office_hours,
        ("rule", "agent_calls") => words.toll_rule_agent_calls,
        ("rule", "agent_attempts") => words.toll_rule_agent_attempts,
        ("rule", "trunk_calls") => words.toll_rule_trunk_calls,
        ("rule", "trunk_attempts") => words.toll_rule_trunk_attempts,
        ("rule", "minutes_per_hour") => words.toll_rule_minutes_per_hour,
        ("rule", "minutes_per_day") => words.toll_rule_minutes_per_day,
        ("rule", "longest_idle") => words.rule_longest_idle,
        ("granted", "nobody") => words.granted_nobody,
        ("granted", "everybody") => words.granted_everybody,
        ("role", role) => return Role::parse(role).map_or_else(|| role.to_owned(), |role| words.role(role).to_owned()),
        ("transport" | "codecs", names) => return names.to_uppercase(),
        (_, plain) => return plain.split(' ').map(|word| subject(settings, word)).collect::<Vec<_>>().join(" "),
    };
    known.to_owned()
}

/// What an id is called; none for what is no id.
fn named(settings: Option<&Settings>, id: &str) -> Option<String> {
    // Only the long form: a number of 32 digits is none.
    let parsed = Uuid::parse_str(id).ok().filter(|_| id.len() == 36)?;
    let known = settings.and_then(|all| {
        let users = all.users.iter().map(|user| (user.id.0, &user.login));
        let queues = all.queues.iter().map(|queue| (queue.id.0, &queue.name));
        let trunks = all.trunks.iter().map(|trunk| (trunk.id.0, &trunk.name));
        let music = all.music.iter().map(|music| (music.id.0, &music.name));
        users.chain(queues).chain(trunks).chain(music).find(|(known, _)| *known == parsed).map(|(_, name)| name.clone())
    });
    Some(known.unwrap_or_else(|| id.split('-').next().unwrap_or(id).to_owned()))
}

#[cfg(test)]
mod tests {
    use domain::ids::UserId;
    use wire::settings::User;

    use super::*;
    use crate::text::Language;

    #[test]
    fn a_line_names_fields_and_values_in_the_language_on_display() {
        let ja = Language::Ja.messages();
        let told = detail(ja, None, "queue.saved", "may_answer: true → false, ring_seconds: 20 → 30");
        assert_eq!(told, "オペレーターが出るまで応答しない: いいえ → はい, 呼出時間 (秒): 20 → 30");
        let told = detail(ja, None, "user.saved", "name: 佐藤, 花子, password: ***, role: agent → supervisor");
        assert_eq!(told, "表示名: 佐藤, 花子, パスワード: 設定, 権限: オペレーター → スーパーバイザー");
        assert_eq!(detail(ja, None, "x.y", "free text: of another kind"), "free text: of another kind");
    }

    #[test]
    fn an_id_is_told_by_its_name_or_by_its_beginning() {
        let id = Uuid::from_u128(0x1234_5678_0000_0000_0000_0000_0000_0001);
        let user = User {
            version: 0,
            id: UserId(id),
            login: "sato".to_owned(),
            name: "佐藤".to_owned(),
            role: Role::Agent,
            active: true,
            password: None,
        };
        let settings = Settings { users: vec![user], ..Settings::default() };
        assert_eq!(subject(Some(&settings), &id.to_string()), "sato");
        assert_eq!(subject(None, &id.to_string()), "12345678");
        assert_eq!(subject(None, "サポート"), "サポート");
    }
}
