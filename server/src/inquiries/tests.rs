//! Inquiries on both databases, with their files.

use std::time::Duration;

use bytes::Bytes;
use domain::ids::{ClientId, FieldId, FileId, InquiryId, InteractionId, RecordId};
use domain::records::{Before, Entered, Key, Kind, Owner, Value};
use domain::roles::Role;
use uuid::Uuid;
use wire::customers::{Customer, CustomersPort, Saved};
use wire::drafts::{DraftOf, DraftsPort, Typed};
use wire::inquiries::{InquiriesPort, Inquiry, SaveInquiry, Unwritten};
use wire::records::{Attachment, FieldChange, Shown};
use wire::session::Actor;
use wire::{ApiError, ApiResult, FieldError, Problem};

use super::{Inquiries, attachments};
use crate::customers::tests::{House, SATO, SUZUKI, agent, boss, change, fill, house, new_id, stored, text};
use crate::db::testing::TestDb;
use crate::on_both;
use crate::search::{self, Corpus, Query};
use crate::telephony::links;

/// A file as somebody sends it.
pub(crate) async fn sent(inquiries: &Inquiries, by: &Actor, name: &str, bytes: &'static [u8]) -> Attachment {
    attachments::keep(inquiries, by, name, Bytes::from_static(bytes)).await.unwrap()
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

struct Scene {
    house: House,
    customer: Customer,
    asked: Key,
}

async fn scene(db: &TestDb) -> Scene {
    let house = house(db).await;
    let asked = Key::Field(house.field(Owner::Inquiry, "相談内容", Kind::LongText).await);
    let customer = house.customer(vec![fill(Key::Name, text("山田"))]).await;
    Scene { house, customer, asked }
}

impl Scene {
    fn saving(&self, call: Option<InteractionId>, words: &str) -> SaveInquiry {
        let changes = vec![fill(self.asked, text(words))];
        let id = InquiryId(Uuid::new_v4());
        SaveInquiry { id, version: None, customer: self.customer.id, interaction: call, changes, attachments: vec![] }
    }

    async fn save(&self, save: SaveInquiry) -> ApiResult<Saved<Inquiry>> {
        self.house.inquiries.save(agent(SATO), save).await
    }
}

fn wrong(result: ApiResult<Saved<Inquiry>>) -> Vec<(String, Problem)> {
    match result {
        Err(ApiError::Invalid { fields }) => {
            fields.into_iter().map(|FieldError { field, problem }| (field, problem)).collect()
        }
        other => panic!("not refused as invalid: {other:?}"),
    }
}

fn one(field: &str, problem: Problem) -> Vec<(String, Problem)> {
    vec![(field.to_owned(), problem)]
}

on_both! {
    async fn s37_an_inquiry_is_stored_with_its_customer_and_its_call_or_with_none(db: TestDb) {
        let scene = scene(&db).await;
        let call = scene.house.call(None, SATO, 1, true).await;
        let save = scene.saving(Some(call), "返品について\n二行目");
        let first = stored(scene.save(save.clone()).await.unwrap());
        assert_eq!(stored(scene.save(save).await.unwrap()), first);
        assert_eq!((first.version, first.customer, first.interaction), (1, scene.customer.id, Some(call)));
        assert_eq!(first.values[&scene.asked], Shown::Plain(Value::Text("返品について\n二行目".to_owned())));
        assert_eq!(first.created.name.as_deref(), Some("佐藤"));
        let of_call = scene.house.inquiries.of_interaction(agent(SATO), call).await.unwrap();
        assert_eq!(of_call, std::slice::from_ref(&first));
        // What is written about a call that was nobody's says whose it was.
        assert_eq!(links::of(&scene.house.db, call).await.unwrap().unwrap().customer, Some(scene.customer.id));
        let without = stored(scene.save(scene.saving(None, "電話なし")).await.unwrap());
        assert_eq!(without.interaction, None);
        let all = scene.house.inquiries.of_customer(&agent(SATO), scene.customer.id, domain::time::Timestamp(i64::MAX), 9).await.unwrap();
        assert_eq!(all.len(), 2);
        let hits = search::find(&scene.house.db, Corpus::Inquiries, &Query::read("返品"), None, 9).await.unwrap();
        assert_eq!(hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>(), [first.id.to_string()]);
        let hits = search::find(&scene.house.db, Corpus::Inquiries, &Query::read("山田"), None, 9).await.unwrap();
        assert_eq!(hits.len(), 2);
    }

    async fn forged_ids_are_refused(db: TestDb) {
        let scene = scene(&db).await;
        let theirs = scene.house.call(None, SUZUKI, 1, true).await;
        assert_eq!(wrong(scene.save(scene.saving(Some(theirs), "x")).await), one("interaction", Problem::Unknown));
        let nowhere = InteractionId(Uuid::new_v4());
        assert_eq!(wrong(scene.save(scene.saving(Some(nowhere), "x")).await), one("interaction", Problem::Unknown));
        assert_eq!(scene.house.inquiries.of_interaction(agent(SATO), theirs).await, Err(ApiError::NotFound));
        assert_eq!(scene.house.inquiries.unwritten(agent(SATO), theirs).await, Err(ApiError::NotFound));
        let nobody = SaveInquiry { customer: new_id(), ..scene.saving(None, "x") };
        assert_eq!(wrong(scene.save(nobody).await), one("customer", Problem::Unknown));
        let made = stored(scene.save(scene.saving(None, "x")).await.unwrap());
        let other = scene.house.customer(vec![fill(Key::Name, text("別人"))]).await;
        for version in [None, Some(1)] {
            let moved = SaveInquiry { id: made.id, version, customer: other.id, ..scene.saving(None, "y") };
            assert_eq!(wrong(scene.save(moved).await), one("customer", Problem::Unknown));
        }
        let own = scene.house.call(None, SATO, 1, true).await;
        let moved = SaveInquiry { id: made.id, version: Some(1), ..scene.saving(Some(own), "y") };
        assert_eq!(wrong(scene.save(moved).await), one("interaction", Problem::Unknown));
        let unknown = SaveInquiry { version: Some(1), ..scene.saving(None, "y") };
        assert_eq!(scene.save(unknown).await, Err(ApiError::NotFound));
        let field = Key::Field(FieldId(Uuid::new_v4()));
        for key in [field, Key::Name] {
            let save = SaveInquiry { changes: vec![fill(key, text("x"))], ..scene.saving(None, "") };
            assert_eq!(wrong(scene.save(save).await), one(&key.to_string(), Problem::Unknown));
        }
        let empty = SaveInquiry { changes: vec![], ..scene.saving(None, "") };
        assert_eq!(wrong(scene.save(empty).await), one(&scene.asked.to_string(), Problem::Required));
        let long = scene.saving(None, &"長".repeat(20_001));
        assert_eq!(wrong(scene.save(long).await), one(&scene.asked.to_string(), Problem::TooLong { max: 20_000 }));
    }

    async fn a8_two_agents_changes_of_one_inquiry_conflict_only_in_the_same_field(db: TestDb) {
        let scene = scene(&db).await;
        let state = Key::Field(scene.house.field(Owner::Inquiry, "状況", Kind::Text).await);
        let made = stored(scene.save(scene.saving(None, "一")).await.unwrap());
        let saving = |changes: Vec<FieldChange>| SaveInquiry { id: made.id, version: Some(1), changes, ..scene.saving(None, "") };
        let first = change(scene.asked, Value::Text("一".to_owned()), text("二"));
        stored(scene.house.inquiries.save(agent(SUZUKI), saving(vec![first])).await.unwrap());
        let both = stored(scene.save(saving(vec![fill(state, text("済"))])).await.unwrap());
        assert_eq!((both.version, both.values.len(), both.updated.name.as_deref()), (3, 2, Some("佐藤")));
        let late = change(scene.asked, Value::Text("一".to_owned()), text("三"));
        let Saved::Conflict { now, conflicts } = scene.save(saving(vec![late])).await.unwrap() else { panic!("stored") };
        assert_eq!((now, conflicts.len()), (both, 1));
    }

    async fn a_file_is_its_senders_until_it_is_attached_and_then_everybodys_who_may_see_the_inquiry(db: TestDb) {
        let scene = scene(&db).await;
        let inquiries = &scene.house.inquiries;
        let file = sent(inquiries, &agent(SATO), "../写真\u{202e}.png", PNG).await;
        assert_eq!((file.name.as_str(), file.media_type.as_str(), file.size), ("写真.png", "image/png", 12));
        assert_eq!(attachments::fetch(inquiries, &agent(SUZUKI), file.file).await, Err(ApiError::NotFound));
        let theirs = SaveInquiry { attachments: vec![file.file], ..scene.saving(None, "x") };
        assert_eq!(
            wrong(scene.house.inquiries.save(agent(SUZUKI), theirs).await),
            one("attachments", Problem::Unknown)
        );
        let save = SaveInquiry { attachments: vec![file.file], changes: vec![], ..scene.saving(None, "") };
        let made = stored(scene.save(save).await.unwrap());
        assert_eq!(made.attachments, std::slice::from_ref(&file));
        let (name, bytes) = attachments::fetch(inquiries, &agent(SUZUKI), file.file).await.unwrap();
        assert_eq!((name.as_str(), &bytes[..]), ("写真.png", PNG));
        let taken = SaveInquiry { attachments: vec![file.file], ..scene.saving(None, "x") };
        assert_eq!(wrong(scene.save(taken).await), one("attachments", Problem::Unknown));
        let unknown = SaveInquiry { attachments: vec![FileId(Uuid::new_v4())], ..scene.saving(None, "x") };
        assert_eq!(wrong(scene.save(unknown).await), one("attachments", Problem::Unknown));
        let many = SaveInquiry { attachments: vec![FileId(Uuid::nil()); 21], ..scene.saving(None, "x") };
        assert_eq!(wrong(scene.save(many).await), one("attachments", Problem::TooMany { max: 20 }));
        assert!(attachments::keep(inquiries, &agent(SATO), "leer", Bytes::new()).await.is_err());
    }

    async fn a_file_that_nobody_attaches_is_forgotten_after_a_day_unless_a_draft_names_it(db: TestDb) {
        let scene = scene(&db).await;
        let inquiries = &scene.house.inquiries;
        let loose = sent(inquiries, &agent(SATO), "a.png", PNG).await;
        let drafted = sent(inquiries, &agent(SATO), "b.png", PNG).await;
        let attached = sent(inquiries, &agent(SATO), "c.png", PNG).await;
        let save = SaveInquiry { attachments: vec![attached.file], ..scene.saving(None, "x") };
        stored(scene.save(save).await.unwrap());
        let typed = Typed {
            id: RecordId(Uuid::new_v4()),
            version: None,
            fields: [(scene.asked, (Before::Saw(None), text("下書き")))].into(),
            attachments: Some(vec![drafted.clone()]),
        };
        let of = DraftOf::CustomerInquiry(scene.customer.id);
        let client = ClientId(Uuid::new_v4());
        scene.house.drafts.keep(agent(SATO), client, of, 1, typed).await.unwrap();
        let left = async || {
            let mut left = Vec::new();
            for file in [&loose, &drafted, &attached] {
                left.push(scene.house.files.get(file.file).await.is_ok());
            }
            left
        };
        scene.house.hands.advance(Duration::from_hours(23));
        inquiries.sweep().await.unwrap();
        assert_eq!(left().await, [true, true, true]);
        scene.house.hands.advance(Duration::from_hours(2));
        inquiries.sweep().await.unwrap();
        assert_eq!(left().await, [false, true, true]);
        scene.house.drafts.discard(agent(SATO), client, of, 1).await.unwrap();
        inquiries.sweep().await.unwrap();
        assert_eq!(left().await, [false, false, true]);
    }

    async fn a6_what_is_missing_is_known_to_the_server(db: TestDb) {
        let scene = scene(&db).await;
        let needed = scene.house.field_like(Owner::Customer, "住所", Kind::Text, |field| field.required = true).await;
        let call = scene.house.call(None, SATO, 1, true).await;
        let lacks = async || scene.house.inquiries.unwritten(agent(SATO), call).await.unwrap();
        assert_eq!(lacks().await, Unwritten { customer: true, required: vec![], inquiry: true });
        scene.house.customers.choose(agent(SATO), call, Some(scene.customer.id)).await.unwrap();
        assert_eq!(lacks().await, Unwritten { customer: false, required: vec![needed], inquiry: true });
        stored(scene.save(scene.saving(Some(call), "x")).await.unwrap());
        let change = wire::customers::SaveCustomer {
            id: scene.customer.id,
            version: Some(1),
            changes: vec![fill(Key::Field(needed), text("大阪"))],
            interaction: None,
        };
        scene.house.customers.save(agent(SATO), change).await.unwrap();
        assert!(lacks().await.is_complete());
    }

    async fn a_sensitive_answer_is_masked_and_not_found(db: TestDb) {
        let scene = scene(&db).await;
        let card = Key::Field(scene.house.field_like(Owner::Inquiry, "番号", Kind::Text, |field| field.sensitive = Some(Role::Administrator)).await);
        let save = SaveInquiry { changes: vec![fill(card, Entered::Text("12345678".to_owned()))], ..scene.saving(None, "") };
        let made = stored(scene.save(save).await.unwrap());
        assert_eq!(made.values[&card], Shown::Masked { tail: "5678".to_owned(), may_unmask: false });
        let hits = search::find(&scene.house.db, Corpus::Inquiries, &Query::read("12345678"), None, 9).await.unwrap();
        assert_eq!(hits, []);
        assert_eq!(scene.house.inquiries.unmask(agent(SATO), made.id, card).await, Err(ApiError::Forbidden));
        assert!(scene.house.inquiries.unmask(boss(), made.id, card).await.unwrap().is_some());
        assert_eq!(scene.house.inquiries.unmask(boss(), made.id, Key::Field(FieldId(Uuid::nil()))).await, Err(ApiError::NotFound));
    }
}
