//! The words for what the domain decides: states, causes, refusals, endings. Exhaustive, so that a new variant
//! asks for its words.

use domain::agents::{BreakReason, Cause, Shown};
use domain::refusal::Refusal;
use domain::roles::Role;
use domain::telephony::{Direction, Failure, Outcome, tolls};

use super::Messages;

impl Messages {
    /// Why a command was refused, and what to do about it.
    pub fn refusal(&self, refusal: Refusal) -> &'static str {
        match refusal {
            Refusal::NoExtension => self.refusal_no_extension,
            Refusal::ExtensionInUse => self.refusal_extension_in_use,
            Refusal::LoggedOut => self.refusal_logged_out,
            Refusal::AlreadyLoggedIn => self.refusal_already_logged_in,
            Refusal::InCall => self.refusal_in_call,
            Refusal::InAfterCallWork => self.refusal_in_after_call_work,
            Refusal::NotInAfterCallWork => self.refusal_not_in_after_call_work,
            Refusal::NotNow => self.refusal_not_now,
            Refusal::CallEnded => self.refusal_call_ended,
            Refusal::NotYourCall => self.refusal_not_your_call,
            Refusal::NoMedia => self.refusal_no_media,
            Refusal::NotANumber => self.refusal_not_a_number,
            Refusal::CallerNumberNotGranted => self.refusal_caller_number_not_granted,
            Refusal::NoKeys => self.refusal_no_keys,
            Refusal::NoTrunk => self.refusal_no_trunk,
            Refusal::Stopping => self.refusal_stopping,
            Refusal::Elsewhere => self.refusal_elsewhere,
            Refusal::NotAllowed(rule) => match rule {
                tolls::Rule::International => self.refusal_toll_international,
                tolls::Rule::DeniedPrefix => self.refusal_toll_denied_prefix,
                tolls::Rule::OfficeHours => self.refusal_toll_office_hours,
                tolls::Rule::AgentCalls => self.refusal_toll_agent_calls,
                tolls::Rule::AgentAttempts => self.refusal_toll_agent_attempts,
                tolls::Rule::TrunkCalls => self.refusal_toll_trunk_calls,
                tolls::Rule::TrunkAttempts => self.refusal_toll_trunk_attempts,
                tolls::Rule::MinutesPerHour => self.refusal_toll_minutes_per_hour,
                tolls::Rule::MinutesPerDay => self.refusal_toll_minutes_per_day,
            },
        }
    }

    /// A rule against toll fraud by its name.
    pub fn toll_rule(&self, rule: tolls::Rule) -> &'static str {
        match rule {
            tolls::Rule::International => self.toll_rule_international,
            tolls::Rule::DeniedPrefix => self.toll_rule_denied_prefix,
            tolls::Rule::OfficeHours => self.toll_rule_office_hours,
            tolls::Rule::AgentCalls => self.toll_rule_agent_calls,
            tolls::Rule::AgentAttempts => self.toll_rule_agent_attempts,
            tolls::Rule::TrunkCalls => self.toll_rule_trunk_calls,
            tolls::Rule::TrunkAttempts => self.toll_rule_trunk_attempts,
            tolls::Rule::MinutesPerHour => self.toll_rule_minutes_per_hour,
            tolls::Rule::MinutesPerDay => self.toll_rule_minutes_per_day,
        }
    }

    /// Why a call failed.
    pub fn failure(&self, failure: Failure) -> &'static str {
        match failure {
            Failure::Busy => self.failure_busy,
            Failure::NoAnswer => self.failure_no_answer,
            Failure::Declined => self.failure_declined,
            Failure::NotInUse => self.failure_not_in_use,
            Failure::NotAllowed => self.failure_not_allowed,
            Failure::Unreachable => self.failure_unreachable,
            Failure::Incompatible => self.failure_incompatible,
            Failure::Broken => self.failure_broken,
            Failure::NoQueue => self.failure_no_queue,
            Failure::MinutesUsedUp => self.failure_minutes_used_up,
        }
    }

    /// How a call ended.
    pub fn outcome(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::CustomerHungUp => self.outcome_customer_hung_up,
            Outcome::AgentHungUp => self.outcome_agent_hung_up,
            Outcome::Abandoned => self.outcome_abandoned,
            Outcome::Cancelled => self.outcome_cancelled,
            Outcome::Failed { failure, sip_status: _ } => self.failure(failure),
            Outcome::Lost => self.outcome_lost,
            Outcome::AgentLost => self.outcome_agent_lost,
        }
    }

    /// 着信 or 発信.
    pub fn direction(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Inbound => self.direction_inbound,
            Direction::Outbound => self.direction_outbound,
        }
    }

    /// The word of the state pill; a cause or reason stands beside it, see [`Self::state_detail`].
    pub fn state(&self, shown: Shown) -> &'static str {
        match shown {
            Shown::LoggedOut => self.state_logged_out,
            Shown::Ready => self.state_ready,
            Shown::NotReady(_) => self.state_not_ready,
            Shown::Break(_) => self.state_break,
            Shown::Ringing => self.state_ringing,
            Shown::Dialling => self.state_dialling,
            Shown::Talking => self.state_talking,
            Shown::Held => self.state_held,
            Shown::AfterCall => self.state_after_call,
        }
    }

    /// What stands beside the state's word: 離席 **昼休み**, 未待機 **不在着信**.
    pub fn state_detail(&self, shown: Shown) -> Option<&'static str> {
        match shown {
            Shown::NotReady(cause) => self.cause(cause),
            Shown::Break(reason) => Some(self.break_reason(reason)),
            Shown::LoggedOut
            | Shown::Ready
            | Shown::Ringing
            | Shown::Dialling
            | Shown::Talking
            | Shown::Held
            | Shown::AfterCall => None,
        }
    }

    /// Why somebody is not ready; nothing is said where they chose it.
    pub fn cause(&self, cause: Cause) -> Option<&'static str> {
        match cause {
            Cause::Chosen => None,
            Cause::Missed => Some(self.cause_missed),
            Cause::Lost => Some(self.cause_lost),
        }
    }

    /// Why somebody is away.
    pub fn break_reason(&self, reason: BreakReason) -> &'static str {
        match reason {
            BreakReason::Lunch => self.break_lunch,
            BreakReason::Rest => self.break_rest,
            BreakReason::Meeting => self.break_meeting,
            BreakReason::Training => self.break_training,
            BreakReason::Other => self.break_other,
        }
    }

    /// What a user is.
    pub fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Agent => self.role_agent,
            Role::Supervisor => self.role_supervisor,
            Role::Administrator => self.role_administrator,
        }
    }
}
