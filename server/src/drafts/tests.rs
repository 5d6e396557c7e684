//! Drafts on both databases.

use domain::ids::{ClientId, CustomerId, FieldId, InteractionId, RecordId};
use domain::records::{Before, Entered, Key};
use uuid::Uuid;
use wire::drafts::{DraftOf, DraftsPort, Typed};
use wire::{ApiError, Problem};

use crate::customers::tests::{SATO, SUZUKI, agent, house};
use crate::on_both;

fn typed(words: &str) -> Typed {
    let key = Key::Field(FieldId(Uuid::from_u128(1)));
    let fields = [(key, (Before::Saw(None), Entered::Text(words.to_owned())))].into();
    Typed { id: RecordId(Uuid::from_u128(9)), version: None, fields, attachments: None }
}

const TAB: ClientId = ClientId(Uuid::from_u128(7));
const OF: DraftOf = DraftOf::Customer(CustomerId(Uuid::from_u128(8)));

on_both! {
    async fn c5_a9_the_last_keystroke_is_kept_whatever_comes_late(db: TestDb) {
        let house = house(&db).await;
        let keep = |n, words| house.drafts.keep(agent(SATO), TAB, OF, n, typed(words));
        assert_eq!(keep(1, "や").await.unwrap().n, 1);
        assert_eq!(keep(3, "やまだ").await.unwrap().typed, typed("やまだ"));
        let late = keep(2, "やま").await.unwrap();
        assert_eq!((late.n, late.typed), (3, typed("やまだ")));
        let all = house.drafts.drafts(agent(SATO)).await.unwrap();
        assert_eq!(all.iter().map(|draft| (draft.of, draft.n, draft.at)).collect::<Vec<_>>(), [(OF, 3, domain::time::Timestamp(1_800_000_000_000))]);
        assert_eq!(house.drafts.drafts(agent(SUZUKI)).await.unwrap(), []);
    }

    async fn a9_a_discarded_draft_stays_dead_and_a_newer_one_stays(db: TestDb) {
        let house = house(&db).await;
        let keep = |n, words| house.drafts.keep(agent(SATO), TAB, OF, n, typed(words));
        keep(2, "新しい").await.unwrap();
        house.drafts.discard(agent(SATO), TAB, OF, 1).await.unwrap();
        assert_eq!(house.drafts.drafts(agent(SATO)).await.unwrap().len(), 1);
        house.drafts.discard(agent(SATO), TAB, OF, 2).await.unwrap();
        assert_eq!(house.drafts.drafts(agent(SATO)).await.unwrap(), []);
        // A keystroke that was on its way while it was discarded.
        assert_eq!(keep(2, "遅い").await, Err(ApiError::Conflict));
        assert_eq!(house.drafts.drafts(agent(SATO)).await.unwrap(), []);
        assert_eq!(keep(3, "次").await.unwrap().n, 3);
    }

    async fn a_draft_is_no_larger_than_256_kib(db: TestDb) {
        let house = house(&db).await;
        let huge = typed(&"x".repeat(256 * 1024));
        let refused = house.drafts.keep(agent(SATO), TAB, OF, 1, huge).await;
        assert_eq!(refused, Err(ApiError::field("typed", Problem::TooLarge { max: 256 * 1024 })));
        assert!(house.drafts.keep(agent(SATO), TAB, OF, 1, typed(&"x".repeat(255 * 1024))).await.is_ok());
    }

    async fn a6_a_draft_about_a_call_is_known(db: TestDb) {
        let house = house(&db).await;
        let call = InteractionId(Uuid::from_u128(5));
        assert!(!house.drafts.about_call(SATO, call).await.unwrap());
        house.drafts.keep(agent(SATO), TAB, DraftOf::CallInquiry(call), 1, typed("x")).await.unwrap();
        assert!(house.drafts.about_call(SATO, call).await.unwrap());
        assert!(!house.drafts.about_call(SUZUKI, call).await.unwrap());
        house.drafts.discard(agent(SATO), TAB, DraftOf::CallInquiry(call), 1).await.unwrap();
        assert!(!house.drafts.about_call(SATO, call).await.unwrap());
    }
}
