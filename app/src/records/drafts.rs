//! What was typed and not saved, as this tab knows it. Nothing here draws or sends.
//!
//! ```text
//! keystroke ─► typed (larger n) ─► browser's storage, at once
//!                     └─► unsent ──coalesced──► server ─► sent: the browser's copy can go
//! ```

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::ids::ClientId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use wire::drafts::{Draft, DraftOf, Typed};

/// A draft, and who has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// What was typed; none: it was discarded.
    pub(crate) typed: Option<Typed>,
    /// Grows with each keystroke, on whatever PC.
    pub(crate) n: u64,
    /// When.
    pub(crate) at: Timestamp,
    /// Whether the server has it.
    #[serde(skip)]
    pub(crate) sent: bool,
    /// Whether this browser has it.
    #[serde(skip)]
    pub(crate) stored: bool,
}

/// All drafts of the user.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Book(BTreeMap<DraftOf, Kept>);

impl Book {
    /// A keystroke; `now` is the server's time. What it was kept as is answered.
    pub(crate) fn typed(&mut self, of: DraftOf, typed: Option<Typed>, now: Timestamp) -> &mut Kept {
        let before = self.0.get(&of).map_or(0, |kept| kept.n);
        // By the clock, so that what is typed on another PC afterwards is larger; and by one, should clocks differ.
        let n = u64::try_from(now.0).unwrap_or(0).max(before + 1);
        let kept = Kept { typed, n, at: now, sent: false, stored: false };
        match self.0.entry(of) {
            Entry::Occupied(mut known) => {
                known.insert(kept);
                known.into_mut()
            }
            Entry::Vacant(free) => free.insert(kept),
        }
    }

    /// The server has it as far as this.
    pub(crate) fn sent(&mut self, of: DraftOf, n: u64) {
        if let Some(kept) = self.0.get_mut(&of)
            && kept.n <= n
        {
            kept.sent = true;
            if kept.typed.is_none() {
                self.0.remove(&of);
            }
        }
    }

    /// What the browser kept from before a reload or a crash.
    pub(crate) fn found(&mut self, of: DraftOf, kept: Kept) {
        if self.0.get(&of).is_none_or(|known| known.n < kept.n) {
            self.0.insert(of, Kept { stored: true, sent: false, ..kept });
        }
    }

    /// All that the server has: the newer of each stays, and what is sent and not there any more is gone.
    pub(crate) fn loaded(&mut self, drafts: Vec<Draft>) {
        let there: Vec<DraftOf> = drafts.iter().map(|draft| draft.of).collect();
        self.0.retain(|of, kept| !kept.sent || there.contains(of));
        for draft in drafts {
            self.heard(draft.of, Some(draft), None);
        }
    }

    /// Another tab kept one, or (none) saved or discarded it. True if that changes what is known here.
    pub(crate) fn heard(&mut self, of: DraftOf, draft: Option<Draft>, own: Option<ClientId>) -> bool {
        match (draft, self.0.get(&of)) {
            (Some(draft), _) if Some(draft.client) == own => false,
            (Some(draft), Some(known)) if known.n >= draft.n => false,
            (Some(Draft { typed, at, n, .. }), _) => {
                self.0.insert(of, Kept { typed: Some(typed), n, at, sent: true, stored: true });
                true
            }
            // What is typed here and not sent yet was typed after it.
            (None, Some(known)) if known.sent => self.0.remove(&of).is_some(),
            (None, _) => false,
        }
    }

    /// The draft of a form.
    pub(crate) fn get(&self, of: DraftOf) -> Option<(&Typed, Timestamp)> {
        self.0.get(&of).and_then(|kept| kept.typed.as_ref().map(|typed| (typed, kept.at)))
    }

    /// The drafts, the newest first.
    pub(crate) fn all(&self) -> Vec<(DraftOf, Timestamp)> {
        let mut all: Vec<_> =
            self.0.iter().filter(|(_, kept)| kept.typed.is_some()).map(|(of, kept)| (*of, kept.at)).collect();
        all.sort_by_key(|(_, at)| core::cmp::Reverse(*at));
        all
    }

    /// One that the server does not have yet.
    pub(crate) fn unsent(&self) -> Option<(DraftOf, Kept)> {
        self.0.iter().find(|(_, kept)| !kept.sent).map(|(of, kept)| (*of, kept.clone()))
    }

    /// Whether the server lacks it.
    pub(crate) fn is_unsent(&self, of: DraftOf) -> bool {
        self.0.get(&of).is_some_and(|kept| !kept.sent)
    }

    /// Whether something would be lost with this tab: nobody but it has it.
    pub(crate) fn would_be_lost(&self) -> bool {
        self.0.values().any(|kept| !kept.sent && !kept.stored && kept.typed.is_some())
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{CustomerId, RecordId};
    use uuid::Uuid;

    use super::*;

    const OF: DraftOf = DraftOf::Customer(CustomerId(Uuid::from_u128(1)));
    const HERE: ClientId = ClientId(Uuid::from_u128(2));
    const THERE: ClientId = ClientId(Uuid::from_u128(3));

    fn typed(version: u32) -> Typed {
        Typed { id: RecordId(Uuid::from_u128(1)), version: Some(version), fields: BTreeMap::new(), attachments: None }
    }

    fn draft(version: u32, n: u64, client: ClientId) -> Draft {
        Draft { of: OF, typed: typed(version), at: Timestamp(0), client, n }
    }

    fn version(book: &Book) -> Option<u32> {
        book.get(OF).and_then(|(typed, _)| typed.version)
    }

    #[test]
    fn a9_each_keystroke_is_larger_than_any_before() {
        let mut book = Book::default();
        let first = book.typed(OF, Some(typed(1)), Timestamp(5)).n;
        let second = book.typed(OF, Some(typed(2)), Timestamp(4)).n;
        assert_eq!((first, second), (5, 6));
        assert!(book.would_be_lost(), "until the browser or the server has it");
        book.typed(OF, Some(typed(2)), Timestamp(9)).stored = true;
        assert!(!book.would_be_lost() && book.is_unsent(OF));
        book.sent(OF, 6);
        assert!(book.is_unsent(OF), "more was typed meanwhile");
        book.sent(OF, 9);
        assert_eq!(book.unsent(), None);
    }

    #[test]
    fn a9_what_the_browser_kept_outlives_an_older_copy_at_the_server() {
        let mut book = Book::default();
        book.found(OF, Kept { typed: Some(typed(2)), n: 7, at: Timestamp(7), sent: true, stored: false });
        book.loaded(vec![draft(1, 6, HERE)]);
        assert_eq!(version(&book), Some(2));
        assert!(book.is_unsent(OF), "it is sent again");
        book.loaded(vec![draft(3, 8, THERE)]);
        assert_eq!(version(&book), Some(3));
    }

    #[test]
    fn c5_what_is_typed_on_another_pc_comes_along_and_the_newer_wins() {
        let mut book = Book::default();
        book.typed(OF, Some(typed(1)), Timestamp(5));
        book.sent(OF, 5);
        assert!(!book.heard(OF, Some(draft(9, 9, HERE)), Some(HERE)), "the own echo changes nothing");
        assert!(book.heard(OF, Some(draft(2, 8, THERE)), Some(HERE)));
        assert_eq!(version(&book), Some(2));
        book.typed(OF, Some(typed(3)), Timestamp(9));
        assert!(!book.heard(OF, Some(draft(2, 8, THERE)), Some(HERE)));
        assert!(!book.heard(OF, None, Some(HERE)), "typed after it was saved elsewhere: it stays");
        assert_eq!(version(&book), Some(3));
        book.sent(OF, 9);
        assert!(book.heard(OF, None, Some(HERE)));
        assert_eq!(version(&book), None);
    }

    #[test]
    fn a9_a_discarded_draft_is_remembered_until_the_server_knows() {
        let mut book = Book::default();
        book.typed(OF, Some(typed(1)), Timestamp(5));
        book.sent(OF, 5);
        book.typed(OF, None, Timestamp(6));
        assert_eq!((version(&book), book.is_unsent(OF)), (None, true));
        book.loaded(vec![draft(1, 5, HERE)]);
        assert_eq!(version(&book), None, "an older copy does not bring it back");
        book.sent(OF, 6);
        assert_eq!(book.unsent(), None);
    }

    #[test]
    fn what_was_sent_and_is_gone_at_the_server_is_gone_here() {
        let mut book = Book::default();
        book.typed(OF, Some(typed(1)), Timestamp(5));
        book.sent(OF, 5);
        book.loaded(Vec::new());
        assert_eq!(version(&book), None);
    }
}
